import type { Random } from '../differential/random.js'

/** Bytes of which some stretches are zero, some text, and some such that nothing makes them smaller. */
export function contents(length: number, random: Random): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const end = Math.min(length, at + 1 + random.below(random.pick([100, 5_000, 300_000])))
    const kind = random.below(3)
    if (kind === 1) bytes.fill(`row ${random.below(1e9)}, one of many; `, at, end)
    if (kind === 2) for (let index = at; index < end; index++) bytes[index] = random.below(256)
    at = end
  }
  return bytes
}

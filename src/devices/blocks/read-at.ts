import { readSync } from 'node:fs'

/** pread(2) until `target` is full or the file ends. Returns how many bytes it read. */
export function readAt(descriptor: number, target: Uint8Array, position: number): number {
  let done = 0
  while (done < target.length) {
    const count = readSync(descriptor, target, done, target.length - done, position + done)
    if (count === 0) break
    done += count
  }
  return done
}

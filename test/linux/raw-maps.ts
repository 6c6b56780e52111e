import { LinuxSystemCalls } from '#vmarea/linux/linux-system-calls.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'

const calls = new LinuxSystemCalls()
const mapped: [address: bigint, length: number][] = []

export const PAGE = 4096n

/** The bare system calls, for tests that make areas of their own. */
export { calls }

/** mmap(2) anywhere. The memory goes with `unmapAll`. */
export function mapRaw(
  pages: number,
  flags: number,
  { protection = PROT.READ | PROT.WRITE, descriptor = -1, offset = 0 } = {},
): bigint {
  const length = pages * Number(PAGE)
  const address = calls.mmap(0n, length, protection, flags | (descriptor < 0 ? MAP.ANONYMOUS : 0), descriptor, offset)
  mapped.push([address, length])
  return address
}

/** Gives back all that `mapRaw` mapped. */
export function unmapAll(): void {
  for (const [address, length] of mapped.splice(0)) calls.munmap(address, length)
}

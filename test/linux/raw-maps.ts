import { closeSync, openSync, writeSync } from 'node:fs'
import { addon } from '#vmarea/linux/addon/addon.js'
import { LinuxSystemCalls } from '#vmarea/linux/linux-system-calls.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { placeApart } from '../support/place-apart.js'

const calls = new LinuxSystemCalls()
const mapped: [address: bigint, length: number][] = []

export const PAGE = BigInt(addon().pageSize)

/** The bare system calls, for tests that make areas of their own. */
export { calls }

/**
 * mmap(2) apart from the process's own memory, so that a hole in it stays one, with an inaccessible page on either side, so that it merges
 * with nobody's. It goes with `unmapAll`.
 */
export function mapRaw(
  pages: number,
  flags: number,
  { protection = PROT.READ | PROT.WRITE, descriptor = -1, offset = 0 } = {},
): bigint {
  const length = pages * Number(PAGE)
  const around = length + 2 * Number(PAGE)
  // Shared memory of its own file merges with nothing either.
  const outer = calls.mmap(placeApart(around), around, PROT.NONE, MAP.SHARED | MAP.ANONYMOUS | MAP.NORESERVE, -1, 0)
  mapped.push([outer, around])
  const kind = flags | MAP.FIXED | (descriptor < 0 ? MAP.ANONYMOUS : 0)
  return calls.mmap(outer + PAGE, length, protection, kind, descriptor, offset)
}

/** Brings in pages of writable memory by a write to each, as a debugger writes. MADV_POPULATE_WRITE came with Linux 5.14. */
export function bringInPages(address: bigint, pages: number): void {
  const memory = openSync('/proc/self/mem', 'r+')
  for (let page = 0; page < pages; page++) writeSync(memory, '\x01', Number(address) + page * Number(PAGE))
  closeSync(memory)
}

/** Gives back all that `mapRaw` mapped. */
export function unmapAll(): void {
  for (const [address, length] of mapped.splice(0)) calls.munmap(address, length)
}

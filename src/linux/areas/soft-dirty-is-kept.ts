import type { AddressSpace } from '../../kernel/address-space.js'
import { MAP } from '../../vocabulary/map.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'
import { PROT } from '../../vocabulary/prot.js'
import { addon } from '../addon/addon.js'

let kept: boolean | undefined

/** Whether the kernel keeps soft-dirty bits (CONFIG_MEM_SOFT_DIRTY): then a page that was just written has one. */
export function softDirtyIsKept(openSelf: () => AddressSpace): boolean {
  if (kept !== undefined) return kept
  const { pageSize } = addon()
  const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.POPULATE // which writes
  const address = addon().mmap(0, pageSize, PROT.READ | PROT.WRITE, flags, -1, 0)
  if (address < 0) return false
  // The query below must not call this function again.
  kept = false
  try {
    const own = openSelf()
    const start = BigInt(address)
    for (const { state } of own.pages(start, start + BigInt(pageSize))) kept ||= (state & PAGE_STATE.DIRTY) !== 0
    own.close?.()
  } finally {
    addon().munmap(address, pageSize)
  }
  return kept
}

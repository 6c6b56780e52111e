import type { AddressSpace } from '../../kernel/address-space.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'

let kept: boolean | undefined

/** Whether the kernel keeps soft-dirty bits (CONFIG_MEM_SOFT_DIRTY): then some page of this process has one. */
export function softDirtyIsKept(openSelf: () => AddressSpace): boolean {
  if (kept !== undefined) return kept
  // The query below must not call this function again.
  kept = false
  const own = openSelf()
  for (const { state } of own.pages(0n, 1n << 63n)) {
    if ((state & PAGE_STATE.DIRTY) === 0) continue
    kept = true
    break
  }
  own.close?.()
  return kept
}

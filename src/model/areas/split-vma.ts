import { maySplit } from '../hooks/may-split.js'
import { tellDriver } from '../hooks/tell-driver.js'
import type { Vma } from '../structs/vma.js'
import { linkVma } from './link-vma.js'
import { newVma } from './new-vma.js'

/**
 * `__split_vma`: splits a VMA at `address`, without checking the map count. The new VMA, which is returned, is the lower half with
 * `newBelow`, else the upper one; the given VMA keeps the other. A negative number is the error of a driver that refuses the split.
 */
export function splitVma(vma: Vma, address: number, newBelow: boolean): Vma | number {
  const refused = maySplit(vma, address)
  if (refused !== 0) return refused
  const { mm } = vma
  const before = (address - vma.start) / mm.pageSize
  const half = newBelow
    ? newVma(mm, vma.start, address, vma.pgoff, vma.flags, vma.file)
    : newVma(mm, address, vma.end, vma.pgoff + before, vma.flags, vma.file)
  half.anonVma = vma.anonVma
  half.chain = vma.chain
  half.uffd = vma.uffd
  half.sealed = vma.sealed
  half.file?.get()
  if (newBelow) {
    vma.pgoff += before
    mm.tree.resize(vma, address, vma.end)
  } else {
    mm.tree.resize(vma, vma.start, address)
  }
  linkVma(half)
  tellDriver(half, 'openArea')
  return half
}

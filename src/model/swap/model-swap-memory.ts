import { pageDigest } from '../../paging/swap/page-digest.js'
import type { PageMap } from '../../paging/swap/page-map.js'
import { REFUSAL, type Refusal, type SwapMemory } from '../../paging/swap/swap-memory.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { punchHole } from '../files/punch-hole.js'
import { zap } from '../pages/zap.js'
import type { Mm } from '../structs/mm.js'
import { PTE } from '../structs/pte.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { type UffdFill, uffdFill } from '../userfaultfd/uffd-fill.js'

/** Memory of a modelled process whose pages are taken out of its page tables, or of their file, and put back. */
export class ModelSwapMemory implements SwapMemory {
  readonly pageSize: number
  readonly pages: number
  refusal: Refusal | undefined
  /** Set after the engine is made, because the userfaultfd calls the engine. */
  uffd!: Uffd
  readonly #mm: Mm
  readonly #map: PageMap
  readonly #staged = new Map<number, Uint8Array>()

  constructor(mm: Mm, map: PageMap) {
    this.#mm = mm
    this.#map = map
    this.pageSize = mm.pageSize
    this.pages = map.pages
  }

  regionEnd(page: number): number {
    return this.#map.endOf(page)
  }

  stage(page: number, count: number): number {
    return this.#run(page, count, (at, address) => {
      const vma = this.#mm.tree.lookup(address)
      if (vma === undefined) return REFUSAL.GONE
      return vma.file === undefined ? this.#takePrivate(at, address, vma) : this.#takeShared(at, address, vma)
    })
  }

  unstage(page: number, count: number): number {
    return this.#run(page, count, (at, address) => {
      const refusal = this.#fill(address, 'copy', this.#staged.get(at))
      if (refusal === undefined) this.#staged.delete(at)
      return refusal
    })
  }

  read(pages: readonly number[], into: Uint8Array, digests: Float64Array): void {
    for (const [index, page] of pages.entries()) into.set(this.#staged.get(page)!, index * this.pageSize)
    this.digest(into.subarray(0, pages.length * this.pageSize), digests)
  }

  drop(pages: readonly number[]): void {
    for (const page of pages) this.#staged.delete(page)
  }

  digest(bytes: Uint8Array, digests: Float64Array): void {
    const { pageSize } = this
    for (let at = 0; at < bytes.length; at += pageSize) {
      digests[at / pageSize] = pageDigest(bytes.subarray(at, at + pageSize))
    }
  }

  fill(page: number, count: number, bytes: Uint8Array): number {
    const { pageSize } = this
    return this.#run(page, count, (at, address) =>
      this.#fill(address, 'copy', bytes.subarray((at - page) * pageSize, (at - page + 1) * pageSize)),
    )
  }

  zero(page: number, count: number): number {
    return this.#run(page, count, (_at, address) => this.#fill(address, 'zero'))
  }

  wake(page: number, count: number): void {
    const address = this.#map.addressOf(page)
    if (address >= 0) this.uffd.wake(address, address + count * this.pageSize)
  }

  poison(page: number): void {
    const address = this.#map.addressOf(page)
    if (address < 0) return
    uffdFill(this.uffd, address, this.pageSize, 0, 'poison')
    this.wake(page, 1)
  }

  /** Whether the page is in memory, or in its file. */
  isPresent(page: number): boolean {
    const address = this.#map.addressOf(page)
    const vma = this.#mm.tree.lookup(address)
    if (vma?.file !== undefined) return vma.file.inode.pages.has(indexOf(vma, address))
    return (this.#mm.tables.bits(address / this.pageSize) & PTE.PRESENT) !== 0
  }

  // As UFFDIO_MOVE, with its refusals.
  #takePrivate(page: number, address: number, { flags }: Vma): Refusal | undefined {
    const { tables } = this.#mm
    const number = address / this.pageSize
    const bits = tables.bits(number)
    if (bits === 0) return REFUSAL.MISSING
    if (!(bits & PTE.PRESENT) || flags & VM_FLAG.LOCKED || !(flags & VM_FLAG.WRITE)) return REFUSAL.PINNED
    const content = tables.page(number)!
    if (!(bits & PTE.ZERO) && (content.kind !== 'anonymous' || !(bits & PTE.EXCLUSIVE))) return REFUSAL.PINNED
    const isZero = (bits & PTE.ZERO) !== 0 || !content.touched
    this.#staged.set(page, isZero ? new Uint8Array(this.pageSize) : content.bytes)
    zap(this.#mm, address, address + this.pageSize, 'drop')
    return undefined
  }

  #takeShared(page: number, address: number, vma: Vma): Refusal | undefined {
    const index = indexOf(vma, address)
    const content = vma.file!.inode.pages.get(index)
    if (content === undefined) return REFUSAL.MISSING
    if (vma.flags & VM_FLAG.LOCKED) return REFUSAL.PINNED
    const bytes = content.touched ? content.bytes : new Uint8Array(this.pageSize)
    if (punchHole(vma.file!, index, index + 1) !== 0) return REFUSAL.PINNED
    this.#staged.set(page, bytes)
    return undefined
  }

  #fill(address: number, how: UffdFill, bytes?: Uint8Array): Refusal | undefined {
    switch (uffdFill(this.uffd, address, this.pageSize, 0, how, bytes).error) {
      case 0:
        return undefined
      case ERRNO_RESULT.EEXIST:
        return REFUSAL.PRESENT
      default:
        return REFUSAL.GONE
    }
  }

  #run(page: number, count: number, act: (page: number, address: number) => Refusal | undefined): number {
    for (let done = 0; done < count; done++) {
      const address = this.#map.addressOf(page + done)
      this.refusal = address < 0 ? REFUSAL.GONE : act(page + done, address)
      if (this.refusal !== undefined) return done
    }
    this.refusal = undefined
    return count
  }
}

function indexOf({ mm, start, pgoff }: Vma, address: number): number {
  return pgoff + (address - start) / mm.pageSize
}

import type { PageMap } from '../../paging/swap/page-map.js'
import type { SwapEngine } from '../../paging/swap/swap-engine.js'
import { faultIn } from '../faults/fault-in.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import { PTE } from '../structs/pte.js'
import { Uffd } from '../structs/uffd.js'
import type { Vma } from '../structs/vma.js'

/** The userfaultfd of a swap: its faults and events go to the engine at once, as no thread has to read them. */
export class SwapUffd extends Uffd {
  readonly #engine: SwapEngine
  readonly #map: PageMap

  constructor(mm: Uffd['mm'], engine: SwapEngine, map: PageMap) {
    super(mm)
    this.initialized = true
    this.#engine = engine
    this.#map = map
  }

  override get followsMoves(): boolean {
    return true
  }

  override missing(vma: Vma, number: number, write: boolean): number {
    const { mm } = this
    const address = number * mm.pageSize
    const page = this.#map.pageAt(address)
    const waits = super.missing(vma, number, write)
    // No other thread answers: an access that a store answers at once does not have to wait.
    if (page >= 0) this.#engine.fault(page, performance.now())
    const isAnswered = () => (mm.tables.bits(number) & (PTE.PRESENT | PTE.POISON)) !== 0
    while (!isAnswered() && this.#engine.work()) {}
    if (!isAnswered()) {
      mm.withdrawFault = undefined
      return waits
    }
    mm.waitsFor = undefined
    mm.withdrawFault = undefined
    // A write to a page of zeros gets a page of its own, as when the processor tries again.
    return waits === FAULT_RESULT.WAITS ? faultIn(vma, address, write) : waits
  }

  override removed(_vma: Vma, start: number, end: number): void {
    for (const { page, count } of this.#map.pagesIn(start, end)) this.#engine.removed(page, count)
  }

  override remapped(_target: Vma, from: number, to: number, length: number): void {
    this.#map.move(from, from + length, to)
  }

  override unmapped(start: number, end: number): void {
    for (const { page, count } of this.#map.move(start, end, -1)) this.#engine.unmapped(page, count)
  }
}

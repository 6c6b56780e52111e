import type { PageMap } from '../../paging/swap/page-map.js'
import type { SwapEngine } from '../../paging/swap/swap-engine.js'
import { faultIn } from '../faults/fault-in.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import { PTE } from '../structs/pte.js'
import { Uffd } from '../structs/uffd.js'
import type { Vma } from '../structs/vma.js'

/** The userfaultfd of a swap. It passes faults and events to the engine at once: no thread reads them. */
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
    // The engine works here, on this thread: where the store answers at once, the access does not wait.
    if (page >= 0) this.#engine.fault(page, performance.now())
    const isAnswered = () => (mm.tables.bits(number) & (PTE.PRESENT | PTE.POISON)) !== 0
    while (!isAnswered() && this.#engine.work()) {}
    if (!isAnswered()) {
      mm.withdrawFault = undefined
      return waits
    }
    mm.waitsFor = undefined
    mm.withdrawFault = undefined
    // A write to the page of zeros makes a page of the process's own, as the retried access does.
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

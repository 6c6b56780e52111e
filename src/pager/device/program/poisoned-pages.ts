/** How many pages that failed are remembered with their cause. */
const MOST = 4096

interface FailedPage {
  readonly cause: unknown
  poisoned: boolean
}

/**
 * Why pages failed, by their address, the oldest first. A page stays poisoned until its failure was reported, and the cause stays known for
 * its other waiters.
 */
export class PoisonedPages {
  readonly #pages = new Map<number, FailedPage>()
  readonly #takePoison: (address: number) => void

  /** @param takePoison lets a later touch of the page ask the driver again */
  constructor(takePoison: (address: number) => void) {
    this.#takePoison = takePoison
  }

  /** The page at the address has failed, and is poisoned. */
  add(address: number, cause: unknown): void {
    this.#pages.delete(address)
    this.#pages.set(address, { cause, poisoned: true })
    if (this.#pages.size > MOST) this.#pages.delete(this.#pages.keys().next().value!)
  }

  get(address: number): Readonly<FailedPage> | undefined {
    return this.#pages.get(address)
  }

  /** Takes the poison of what failed in `[start, end)` away. */
  heal(start: number, end: number): void {
    for (const [address, page] of this.#pages) {
      if (address < start || address >= end || !page.poisoned) continue
      page.poisoned = false
      this.#takePoison(address)
    }
  }

  /** A touch has met the poison of the page at the address: takes it away, whatever was taken before. */
  healMet(address: number): void {
    const page = this.#pages.get(address)
    if (page === undefined) return
    page.poisoned = false
    this.#takePoison(address)
  }

  /** Nothing of the device is in `[start, end)` any more. */
  forget(start: number, end: number): void {
    for (const address of this.#pages.keys()) if (address >= start && address < end) this.#pages.delete(address)
  }
}

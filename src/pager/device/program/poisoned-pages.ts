/** How many failed pages are kept with their cause. */
const MOST = 4096

interface FailedPage {
  readonly cause: unknown
  poisoned: boolean
}

/**
 * The causes of failed pages by address, the oldest first. A page stays poisoned until its failure is reported; the cause is kept for its
 * other waiters.
 */
export class PoisonedPages {
  readonly #pages = new Map<number, FailedPage>()
  readonly #takePoison: (address: number) => void

  /** @param takePoison removes the poison, so that a later touch of the page requests it from the driver again */
  constructor(takePoison: (address: number) => void) {
    this.#takePoison = takePoison
  }

  /** Notes that the page at the address has failed and is poisoned. */
  add(address: number, cause: unknown): void {
    this.#pages.delete(address)
    this.#pages.set(address, { cause, poisoned: true })
    if (this.#pages.size > MOST) this.#pages.delete(this.#pages.keys().next().value!)
  }

  get(address: number): Readonly<FailedPage> | undefined {
    return this.#pages.get(address)
  }

  /** Removes the poison of failed pages in `[start, end)`. */
  heal(start: number, end: number): void {
    for (const [address, page] of this.#pages) {
      if (address < start || address >= end || !page.poisoned) continue
      page.poisoned = false
      this.#takePoison(address)
    }
  }

  /** Removes the poison of the page at the address after a touch met it, even if it was removed before. */
  healMet(address: number): void {
    const page = this.#pages.get(address)
    if (page === undefined) return
    page.poisoned = false
    this.#takePoison(address)
  }

  /** Forgets `[start, end)`, which no longer maps the device. */
  forget(start: number, end: number): void {
    for (const address of this.#pages.keys()) if (address >= start && address < end) this.#pages.delete(address)
  }
}

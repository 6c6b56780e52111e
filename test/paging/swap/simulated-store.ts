import assert from 'node:assert/strict'
import type { PageStore } from '#vmarea/stores/page-store.js'
import { PAGE } from './simulated-memory.js'

interface Call {
  readonly pages: readonly number[]
  /** Settles the call, with an error where it is to fail. */
  readonly settle: (error?: Error) => void
}

/** A store whose calls settle when a test says so, and which checks what the engine promises. */
export class SimulatedStore implements PageStore {
  readonly pageSize = PAGE
  readonly kept = new Map<number, Uint8Array>()
  readonly calls: Call[] = []
  /** Whether the next call settles at once, fails at once, or waits for the test. */
  next: () => 'at once' | 'throws' | 'later' = () => 'later'
  readonly #inFlight = new Set<number>()

  write(pages: readonly number[], bytes: Uint8Array): void | Promise<void> {
    assert.equal(bytes.length, pages.length * PAGE)
    return this.#call(pages, () => {
      for (const [index, page] of pages.entries()) {
        const content = bytes.slice(index * PAGE, (index + 1) * PAGE)
        assert.ok(
          content.some((byte) => byte !== 0),
          `page ${page} is all zeros`,
        )
        this.kept.set(page, content)
      }
    })
  }

  read(pages: readonly number[], into: Uint8Array): void | Promise<void> {
    assert.equal(into.length, pages.length * PAGE)
    return this.#call(pages, () => {
      for (const [index, page] of pages.entries()) {
        const content = this.kept.get(page)
        assert.ok(content !== undefined, `page ${page} is read and was never written`)
        into.set(content, index * PAGE)
      }
    })
  }

  free(pages: readonly number[]): void | Promise<void> {
    return this.#call(pages, () => {
      for (const page of pages) this.kept.delete(page)
    })
  }

  close(): void {}

  #call(pages: readonly number[], act: () => void): void | Promise<void> {
    for (const page of pages) {
      assert.ok(!this.#inFlight.has(page), `a second call for page ${page} is in flight`)
      this.#inFlight.add(page)
    }
    const over = () => {
      for (const page of pages) this.#inFlight.delete(page)
    }
    const how = this.next()
    if (how === 'throws') {
      over()
      throw new Error('the store throws')
    }
    if (how === 'at once') {
      act()
      over()
      return
    }
    return new Promise((resolve, reject) => {
      this.calls.push({
        pages,
        settle: (error) => {
          over()
          if (error !== undefined) return reject(error)
          act()
          resolve()
        },
      })
    })
  }
}

import type { AddressSpace } from '../kernel/address-space.js'
import { UsageError } from '../vocabulary/usage-error.js'

/** One hold of the read side of the lock, to be released once. */
class Hold {
  readonly #addressSpace: AddressSpace
  readonly #name: string
  held = true

  constructor(addressSpace: AddressSpace, name: string) {
    this.#addressSpace = addressSpace
    this.#name = name
    addressSpace.guards?.push(name)
  }

  release(): void {
    if (!this.held) return
    this.held = false
    const { guards } = this.#addressSpace
    guards?.splice(guards.indexOf(this.#name), 1)
    this.#addressSpace.readUnlock()
  }
}

/** A guard that the program lost would hold off every change forever: its collection releases the lock, with a warning. */
const forgotten = new FinalizationRegistry<Hold>((hold) => {
  if (!hold.held) return
  hold.release()
  const { process } = globalThis as { process?: { emitWarning?(warning: string, type: string): void } }
  process?.emitWarning?.(
    'a guard of the address space was collected without being released: declare it with `using`, or call release()',
    'VmareaWarning',
  )
})

/** The part that both kinds of guard share: a hold of the lock that is released once. Every use afterwards throws. */
export class HeldLock {
  readonly #hold: Hold
  readonly #name: string

  /** Takes over a hold that the caller has taken. `owner` is the guard. */
  constructor(addressSpace: AddressSpace, owner: object, name: string) {
    this.#hold = new Hold(addressSpace, name)
    this.#name = name
    forgotten.register(owner, this.#hold, this)
  }

  get held(): boolean {
    return this.#hold.held
  }

  check(): void {
    if (this.#hold.held) return
    throw new UsageError(
      'ERR_VMAREA_GUARD_RELEASED',
      `this ${this.#name} has been released, and its areas can't be used any more: take the lock again`,
    )
  }

  release(): void {
    forgotten.unregister(this)
    this.#hold.release()
  }
}

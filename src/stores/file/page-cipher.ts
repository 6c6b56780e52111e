import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-xts'

/** Encrypts pages under a random key that only this object has. The tweak is the slot, as on a disk it is the sector. */
export class PageCipher {
  readonly #key = randomBytes(64)
  readonly #tweak = Buffer.alloc(16)

  encrypt(slot: number, page: Uint8Array, into: Uint8Array): void {
    this.#tweak.writeUIntLE(slot, 0, 6)
    into.set(createCipheriv(ALGORITHM, this.#key, this.#tweak).update(page))
  }

  /** In place. */
  decrypt(slot: number, page: Uint8Array): void {
    this.#tweak.writeUIntLE(slot, 0, 6)
    page.set(createDecipheriv(ALGORITHM, this.#key, this.#tweak).update(page))
  }

  /** Forgets the key. */
  close(): void {
    this.#key.fill(0)
  }
}

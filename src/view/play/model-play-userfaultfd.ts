import type { ModelUserfaultfd } from '../../model/kernel/model-userfaultfd.js'
import { UFFD_FEATURE } from '../../vocabulary/uffd-feature.js'
import type { PlayUserfaultfd } from './play-process.js'

/** The features that a program's userfaultfd asks for. */
export const PLAY_FEATURES: bigint = UFFD_FEATURE.PAGEFAULT_FLAG_WP | UFFD_FEATURE.MISSING_SHMEM

/** A userfaultfd of the modelled kernel. */
export class ModelPlayUserfaultfd implements PlayUserfaultfd {
  readonly #raw: ModelUserfaultfd
  readonly #pageSize: number

  constructor(raw: ModelUserfaultfd, pageSize: number) {
    this.#raw = raw
    this.#pageSize = pageSize
    raw.api(PLAY_FEATURES)
  }

  register(start: number, length: number, mode: number): number {
    this.#raw.register(BigInt(start), length, mode)
    return 0
  }

  unregister(start: number, length: number): number {
    this.#raw.unregister(BigInt(start), length)
    return 0
  }

  copy(start: number, byte: number, mode: number): number {
    return this.#raw.copy(start, new Uint8Array(this.#pageSize).fill(byte), this.#pageSize, mode)
  }

  zeropage(start: number, length: number): number {
    return this.#raw.zeropage(start, length, 0)
  }

  poison(start: number, length: number): number {
    return this.#raw.poison(start, length, 0)
  }

  writeprotect(start: number, length: number, mode: number): number {
    return this.#raw.writeprotect(start, length, mode)
  }

  read(message: Uint8Array): number {
    return this.#raw.read(message)
  }

  close(): void {
    this.#raw.close('zero')
  }
}

/**
 * The bytes of a guest's memory file, from a program's own function. `read` may be called again before an earlier call has settled.
 *
 * @example
 * const source = { size: 1 << 30, async read(offset, target) { target.set(await fetchPart(offset, target.length)) } }
 */
export interface PageSource {
  /** In bytes. */
  readonly size: number
  /** Names this content: a working set that was recorded with one identity is refused with another. */
  readonly identity?: string
  /** Fills all of `target` with the bytes from `offset` on, or throws. `target` is the library's again once the call has settled. */
  read(offset: number, target: Uint8Array): void | Promise<void>
}

/**
 * The pages of buffers as arrays. A swap writes from the same few buffers again and again, and to make an array takes longer than to copy a
 * page, so the arrays are kept for as long as their buffer is.
 */
export class PageViews {
  readonly #pageSize: number
  readonly #kept = new WeakMap<ArrayBufferLike, Uint8Array[]>()

  constructor(pageSize: number) {
    this.#pageSize = pageSize
  }

  /** The pages of `bytes`, and perhaps more. */
  of(bytes: Uint8Array): readonly Uint8Array[] {
    const { buffer, byteOffset, length } = bytes
    const fromStart = byteOffset === 0
    let views = fromStart ? this.#kept.get(buffer) : undefined
    if (views === undefined) {
      views = []
      if (fromStart) this.#kept.set(buffer, views)
    }
    for (let at = views.length * this.#pageSize; at < length; at += this.#pageSize) {
      views.push(new Uint8Array(buffer, byteOffset + at, this.#pageSize))
    }
    return views
  }
}

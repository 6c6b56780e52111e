/** A range of the object, and the buffer that it fills: in whatever pieces it comes. */
export class WantedRange {
  readonly first: number
  readonly bytes: Uint8Array
  #filled = 0

  constructor(first: number, bytes: Uint8Array) {
    this.first = first
    this.bytes = bytes
  }

  get end(): number {
    return this.first + this.bytes.length
  }

  get isFilled(): boolean {
    return this.#filled === this.bytes.length
  }

  /** Takes what it lacks of the object's bytes from `position` on. Bytes after a gap are passed over. */
  take(position: number, bytes: Buffer): void {
    const next = this.first + this.#filled
    if (position > next || position + bytes.length <= next) return
    const part = bytes.subarray(next - position, Math.min(bytes.length, this.end - position))
    this.bytes.set(part, this.#filled)
    this.#filled += part.length
  }
}

import { UsageError } from '../../vocabulary/usage-error.js'
import { GuestSource, type OpenedSource } from './guest-source.js'

/** A source of zeros, of `size` bytes: memory that was never written. */
export function zeroSource(size: number): GuestSource {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `the size of a source is in bytes; this is ${String(size)}`)
  }
  return new ZeroSource(size)
}

class ZeroSource extends GuestSource {
  readonly #size: number

  constructor(size: number) {
    super()
    this.#size = size
  }

  async open(): Promise<OpenedSource> {
    const size = this.#size
    return {
      size,
      identity: `zeros:${size}`,
      segments: size === 0 ? [] : [{ kind: 'zero', start: 0, end: size, at: 0, number: 0 }],
      read: (_offset, target) => void target.fill(0),
      close: () => {},
    }
  }
}

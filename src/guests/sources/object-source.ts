import type { GuestHost } from '../../kernel/guest-host.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { GuestSource, type OpenedSource, type SourceNeeds } from './guest-source.js'
import type { PageSource } from './page-source.js'
import { retryingRead } from './retrying-read.js'

/** A program's own source, which the thread reads that opens it. */
export class ObjectSource extends GuestSource {
  readonly #source: PageSource

  constructor(source: PageSource) {
    super()
    const { size, read } = source ?? {}
    if (!Number.isSafeInteger(size) || size < 0 || typeof read !== 'function') {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        'a source is what fileSource() and its like return, or has a size in bytes and read(offset, target)',
      )
    }
    this.#source = source
  }

  async open(host: GuestHost, { largest, atOnce }: SourceNeeds): Promise<OpenedSource> {
    const { size, identity } = this.#source
    const read = retryingRead((offset, target) => this.#source.read(offset, target))
    const number = host.openScript(read, largest, atOnce)
    return {
      size,
      identity,
      segments: size === 0 ? [] : [{ kind: 'script', start: 0, end: size, at: 0, number }],
      read,
      close: () => host.closeScript(number),
    }
  }
}

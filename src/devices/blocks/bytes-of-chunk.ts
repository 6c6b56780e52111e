import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'

/** All bytes of a chunk: of any view, or of an `ArrayBuffer`. Throws `ERR_VMAREA_INVALID_ARGUMENT` for anything else, a string included. */
export function bytesOfChunk(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (chunk instanceof ArrayBuffer || chunk instanceof SharedArrayBuffer) return new Uint8Array(chunk)
  const hint = typeof chunk === 'string' ? ': read the stream without an encoding' : ''
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `a chunk must be a Uint8Array, another view or an ArrayBuffer, and is ${typeof chunk === 'string' ? 'a string' : showValue(chunk)}${hint}`,
  )
}

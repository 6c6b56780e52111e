import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'

/** The bytes of a view, without a copy. Throws `ERR_VMAREA_INVALID_ARGUMENT` for anything else, with the name of the argument. */
export function asBytes(view: ArrayBufferView, name: 'target' | 'source'): Uint8Array {
  if (view instanceof Uint8Array) return view
  if (ArrayBuffer.isView(view)) return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `${name} must be a typed array or a DataView, and is ${showValue(view)}`,
  )
}

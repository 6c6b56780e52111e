import { VmError } from '../../vocabulary/vm-error.js'

/** `read` or `write` of `node:fs`. */
export type Transfer = (
  descriptor: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
  done: (error: NodeJS.ErrnoException | null, count: number) => void,
) => void

/** Calls it once. Resolves to how many bytes it did, and rejects with `VmError`. */
export function transfer(call: Transfer, descriptor: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    call(descriptor, bytes, 0, bytes.length, position, (error, count) => {
      if (error === null) resolve(count)
      else
        reject(error.errno === undefined ? error : new VmError(error.errno, error.syscall ?? 'write', { cause: error }))
    })
  })
}

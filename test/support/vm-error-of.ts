import assert from 'node:assert/strict'
import { VmError } from 'vmarea'

/** The error of a call, which must be a `VmError`. */
export function vmErrorOf(call: () => unknown): VmError {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof VmError, String(error))
    return error
  }
  assert.fail('it was no error')
}

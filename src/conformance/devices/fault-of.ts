import { expectError } from '../expect-error.js'

/** The `MemoryFault` that `access` throws. */
export function faultOf(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    expectError(
      () => {
        throw error
      },
      { code: 'ERR_VMAREA_FAULT' },
    )
    return error as Error
  }
  throw new Error('expected a fault, and there was none')
}

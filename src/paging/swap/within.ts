import { VmError } from '../../vocabulary/vm-error.js'
import type { SwapHost } from './swap-context.js'

/**
 * Calls `settled` once: at once where the store has done its work already, when its promise settles, or when the time is over, with a
 * `VmError`. `returned` is called when the promise settles, however late: only then the buffers are the caller's again.
 */
export function within(
  host: SwapHost,
  milliseconds: number,
  call: () => void | Promise<void>,
  settled: (error: Error | undefined) => void,
  returned: () => void = () => {},
): void {
  let answer: void | Promise<void>
  try {
    answer = call()
  } catch (error) {
    returned()
    settled(asError(error))
    return
  }
  if (answer === undefined || typeof (answer as Promise<void>).then !== 'function') {
    returned()
    settled(undefined)
    return
  }
  let open = true
  const cancel = host.later(milliseconds, () => {
    open = false
    settled(
      new VmError('ETIMEDOUT', 'swap', { hint: `the page store did not answer within ${milliseconds} milliseconds` }),
    )
  })
  const end = (error: Error | undefined) => {
    returned()
    if (!open) return
    cancel()
    settled(error)
  }
  answer.then(
    () => end(undefined),
    (error) => end(asError(error)),
  )
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

import { setTimeout as sleep } from 'node:timers/promises'
import { patient } from './patient.js'

/**
 * Asks again and again until the answer is neither `undefined` nor `false`, and resolves with it. The deadline is there so that what never
 * comes fails with a name; a machine under load has room in it. `what` may be a function that tells what was seen instead.
 */
export async function until<T>(
  what: string | (() => string),
  answer: () => T | undefined | false | Promise<T | undefined | false>,
  milliseconds = patient(60_000),
): Promise<T> {
  const end = performance.now() + milliseconds
  for (;;) {
    const last = performance.now() > end
    const result = await answer()
    if (result !== undefined && result !== false) return result
    if (last) throw new Error(`not within ${milliseconds} ms: ${typeof what === 'string' ? what : what()}`)
    await sleep(5)
  }
}

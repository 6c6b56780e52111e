import { VmError } from '../vocabulary/vm-error.js'

/** The shortest limit for loading a module, in milliseconds, because on a busy machine any module may take as long. */
const LOADING = 30_000

/** The subjects of the messages `… did not load` and `… did not end`. */
export interface OpeningWords {
  readonly module: string
  readonly setup: string
}

/**
 * How long a stage of opening a device or a page store may take, in milliseconds, and the error where it takes longer: loading the module,
 * or setting it up.
 */
export function openingLimit(
  stage: 'load' | 'set up',
  timeout: number,
  words: OpeningWords = { module: "the driver's module", setup: "the driver's function and its open hook" },
): { readonly limit: number; readonly error: VmError } {
  const limit = stage === 'load' ? Math.max(timeout, LOADING) : timeout
  const what = stage === 'load' ? `${words.module} did not load` : `${words.setup} did not end`
  return { limit, error: new VmError('ETIMEDOUT', 'open', { hint: `${what} within ${Math.round(limit)} ms` }) }
}

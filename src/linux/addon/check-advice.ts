import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { MADV } from '../../vocabulary/madv.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from './addon.js'
import { checkWait } from './check-wait.js'

const { EINVAL } = ERRNO_RESULT

/**
 * Advice that the oldest supported kernel lacks, with the version that introduced it. Advice that the addon emulates there is not listed.
 */
const SINCE: ReadonlyMap<number, string> = new Map([
  [MADV.DONTNEED_LOCKED, '5.18'],
  [MADV.COLLAPSE, '6.1'],
  [MADV.GUARD_INSTALL, '6.13'],
  [MADV.GUARD_REMOVE, '6.13'],
])

interface Range {
  readonly address: bigint
  readonly length: number
}

/** The addon's answer to an advice. Throws the error of a negative answer, with a hint where this kernel lacks the advice. */
export function checkAdvice(answer: number, advice: number, detail: Range): number {
  if (checkWait(answer, detail.address, detail.length) >= 0) return answer
  const since = SINCE.get(advice)
  // The kernel checks the advice before the length, and does nothing for a length of 0.
  const isUnknown = answer === EINVAL && since !== undefined && addon().madvise(0n, 0, advice) === EINVAL
  throw new VmError(answer, 'madvise', {
    ...detail,
    ...(isUnknown ? { hint: `this kernel does not know the advice, which came with Linux ${since}` } : {}),
  })
}

import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import { ERRNO_RESULT } from '../vocabulary/errno-result.js'

const { EINVAL } = ERRNO_RESULT

/**
 * Poisons the page at `address` and so ends every wait for it. A fault's message does not contain the size of its page: the kernel answers
 * `EINVAL` for a part of a huge one, so each size of the machine is tried, the smallest first. A page that can't be poisoned is woken.
 */
export function giveUpPage(raw: RawUserfaultfd, address: bigint, pageSizes: readonly number[]): void {
  for (const size of pageSizes) {
    const code = raw.poison(address & -BigInt(size), size, 0)
    if (code === 0) return
    if (code !== EINVAL) break
  }
  // Waking more than the page costs its neighbours' waiters one more fault and nothing else.
  const largest = pageSizes.at(-1)!
  raw.wake(address & -BigInt(largest), largest)
}

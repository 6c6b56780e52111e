import { type Advice, MADV } from '../../vocabulary/madv.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'

const numbers = new Map(Object.entries(MADV).map(([name, number]) => [name.toLowerCase(), number]))

/** The kernel's number for an advice. */
export function adviceNumber(advice: Advice): number {
  const number = numbers.get(advice)
  if (number === undefined) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `advice must be one of ${[...numbers.keys()].join(', ')}, and is ${showValue(advice)}`,
    )
  }
  return number
}

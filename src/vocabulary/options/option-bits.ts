import { checkOptions, type OptionRules } from './check-options.js'
import { readValue } from './read-value.js'

/** The bit of each option: a new member of `Options` without one does not compile. */
export type OptionBits<Options> = { readonly [Name in keyof Required<Options>]: number }

/**
 * Options that are all true or false, as bits: the bits of those that are not at their default, which is `false`, and `true` for `wake`.
 * For calls of about a microsecond: it makes no object, and the engine compiles it into a loop that passes a literal.
 *
 * @param call whose options they are, as the caller wrote it: `move()`
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` as `checkOptions` does
 */
export function optionBits<Options extends object>(call: string, options: Options, bits: OptionBits<Options>): number {
  if (options?.constructor !== Object) return checkedBits(call, options, bits)
  let result = 0
  for (const name in options) {
    const value = readValue(call, options, name)
    const bit: unknown = bits[name]
    const isRight = typeof bit === 'number' && (value === undefined || typeof value === 'boolean')
    if (!isRight) return checkedBits(call, options, bits)
    if (value !== undefined && value !== (name === 'wake')) result |= bit
  }
  return result
}

/** Says what is wrong; reads what no literal has, such as the getters of a class. */
function checkedBits<Options extends object>(call: string, options: Options, bits: OptionBits<Options>): number {
  const rules = Object.fromEntries(Object.keys(bits).map((name) => [name, 'boolean'])) as OptionRules<Options>
  return optionBits(call, checkOptions(call, options, rules), bits)
}

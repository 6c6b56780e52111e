import { nearest } from '../nearest.js'
import { UsageError } from '../usage-error.js'
import { showValue } from './show-value.js'

/** The rule for an option; `any` where a later check knows more. */
export type OptionRule =
  | 'any'
  | 'boolean'
  | 'function'
  | 'signal'
  | 'list'
  | readonly string[]
  /** `must` continues "the option must be …". */
  | { readonly must: string; readonly holds: (value: unknown) => boolean }

/** A rule for each option: a new member of `Options` without one does not compile. */
export type OptionRules<Options> = { readonly [Name in keyof Required<Options>]: OptionRule }

/** Names that users of other libraries try first. */
const usual: Readonly<Record<string, string>> = {
  path: 'file',
  filename: 'file',
  fd: 'file',
  size: 'length',
  bytes: 'length',
}

/**
 * Reads each option once and returns them in an object of their own.
 *
 * @param call whose options they are, as the caller wrote it: `map()`
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for options that are no object, an option that `call` does not have (the message names
 *   the nearest one), one that can not be read, and a value that breaks its rule; the message shows the value with its type
 */
export function checkOptions<Options extends object>(
  call: string,
  options: Options,
  rules: OptionRules<Options>,
): Options {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${call}: the options must be an object, and are ${showValue(options)}`)
  }
  for (const name in options) if (!Object.hasOwn(rules, name)) throw unknown(call, name, Object.keys(rules))
  const read: Record<string, unknown> = {}
  // Include inherited members: a getter of a class counts as well.
  for (const name in rules) {
    const value = readOption(call, options, name)
    if (value === undefined) continue
    const broken = breaks(rules[name], value)
    if (broken !== undefined) throw invalid(`${name} of ${call} must be ${broken}, and is ${showValue(value)}`)
    read[name] = value
  }
  return read as Options
}

function readOption(call: string, options: object, name: string): unknown {
  try {
    return options[name as keyof typeof options]
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : showValue(cause)
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${name} of ${call} can not be read: ${why}`, { cause })
  }
}

/** The rule, where the value breaks it. */
function breaks(rule: OptionRule, value: unknown): string | undefined {
  if (rule === 'any') return undefined
  if (rule === 'signal') return value instanceof AbortSignal ? undefined : 'an AbortSignal'
  if (rule === 'boolean' || rule === 'function') {
    return typeof value === rule ? undefined : rule === 'boolean' ? 'true or false' : 'a function'
  }
  if (rule === 'list') return Array.isArray(value) ? undefined : 'an array'
  if ('must' in rule) return rule.holds(value) ? undefined : rule.must
  return rule.includes(value as string) ? undefined : `'${rule.join("' or '")}'`
}

function unknown(call: string, name: string, names: readonly string[]): UsageError {
  const alias = usual[name]
  const near = alias !== undefined && names.includes(alias) ? alias : nearest(name, names)
  const help = near === undefined ? `it has ${names.join(', ')}` : `did you mean ${near}?`
  return invalid(`${call} has no option ${showValue(name)}: ${help}`)
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}

import { nearest } from '../nearest.js'
import { UsageError } from '../usage-error.js'
import { readValue } from './read-value.js'
import { showValue } from './show-value.js'

/** A rule for a value. `must` continues "the option must be …". Of a `secret` a message shows the type alone. */
export interface ValueRule {
  readonly must: string
  readonly holds: (value: unknown) => boolean
  readonly secret?: true
}

/** The rule for an option; `any` where a later check knows more. */
export type OptionRule =
  | 'any'
  | 'boolean'
  | 'function'
  | 'signal'
  /** An array; `each` continues "an array, each element …". */
  | { readonly each: string; readonly element: (value: unknown) => boolean }
  | readonly string[]
  | ValueRule

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
 *   the nearest one), one that can not be read, a value that breaks its rule, and a required option that is missing; the message shows the
 *   value with its type
 */
export function checkOptions<Options extends object>(
  call: string,
  options: Options,
  rules: OptionRules<Options>,
  required: readonly (keyof Options & string)[] = [],
): Options {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${call}: the options must be an object, and are ${showValue(options)}`)
  }
  const read: Record<string, unknown> = {}
  // An object literal has few options, and no others than its own; elsewhere a getter of a class counts as well.
  const isLiteral = Object.getPrototypeOf(options) === Object.prototype
  for (const name in options) {
    if (!Object.hasOwn(rules, name)) throw unknown(call, name, Object.keys(rules))
    if (isLiteral) readOption(call, options, name, rules[name], read)
  }
  if (!isLiteral) for (const name in rules) readOption(call, options, name, rules[name], read)
  for (const name of required) {
    if (read[name] === undefined) throw invalid(`${call} requires the option ${name}: it must be ${must(rules[name])}`)
  }
  return read as Options
}

function readOption(
  call: string,
  options: object,
  name: string,
  rule: OptionRule,
  read: Record<string, unknown>,
): void {
  const value = readValue(call, options, name)
  if (value === undefined) return
  if (!holds(rule, value)) throw invalid(`${name} of ${call} must be ${must(rule)}, and is ${shown(rule, value)}`)
  // Functions of Node that take a 32-bit number abort the process for -0.
  read[name] = value === 0 ? 0 : value
}

function holds(rule: OptionRule, value: unknown): boolean {
  if (rule === 'any') return true
  if (rule === 'signal') return value instanceof AbortSignal
  if (rule === 'boolean' || rule === 'function') return typeof value === rule
  if ('each' in rule) return wrongElement(rule.element, value) === undefined
  return 'must' in rule ? rule.holds(value) : rule.includes(value as string)
}

/** The rule, as it continues "the option must be …". */
function must(rule: OptionRule): string {
  if (rule === 'any') return 'given'
  if (rule === 'signal') return 'an AbortSignal'
  if (rule === 'boolean') return 'true or false'
  if (rule === 'function') return 'a function'
  if (typeof rule === 'object' && 'each' in rule) return `an array, each element ${rule.each}`
  return 'must' in rule ? rule.must : `'${rule.join("' or '")}'`
}

/** What is wrong with a list. `Array.from`, because `every` skips elements that are not set. */
function wrongElement(isRight: (value: unknown) => boolean, list: unknown): string | undefined {
  if (!Array.isArray(list)) return showValue(list)
  const index = Array.from(list).findIndex((element) => !isRight(element))
  return index < 0 ? undefined : `${showValue(list)} whose element ${index} is ${showValue(list[index])}`
}

function shown(rule: OptionRule, value: unknown): string {
  if (typeof rule === 'object' && 'each' in rule) return wrongElement(rule.element, value) ?? showValue(value)
  const isSecret = typeof rule === 'object' && 'must' in rule && rule.secret === true
  return isSecret ? `of type ${typeof value}` : showValue(value)
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

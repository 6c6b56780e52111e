import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/root.js'

/** One option: its name, its type as it is declared, and whether it may be left out. */
export interface ExportedOption {
  readonly name: string
  readonly type: string
  readonly optional: boolean
}

const text = readFileSync(join(root, 'test', 'house', 'exports.txt'), 'utf8')

/** The interfaces of options that the entry points export. */
export function exportedOptions(): Map<string, ExportedOption[]> {
  const found = new Map<string, ExportedOption[]>()
  for (const [, name, members] of text.matchAll(
    /^(?:export )?interface (\w+Options|AreaRange)\b[^\n]*\{\n(.*?)^\}/gms,
  )) {
    const own = [...members!.matchAll(/^ {4}(?:readonly )?(\w+)(\??): ([^\n]*?);?$/gm)]
    const options = own.map(([, option, mark, type]) => ({ name: option!, type: type!, optional: mark === '?' }))
    const known = found.get(name!) ?? []
    found.set(name!, [...known, ...options.filter(({ name }) => known.every((other) => other.name !== name))])
  }
  return found
}

/** The functions and methods whose options are declared in their signature, as `name(parameter)`. */
export function optionsInSignatures(): string[] {
  const found = new Set<string>()
  for (const [, name, rest] of text.matchAll(/^(?: {4}|export declare function )(\w+)(?:<[^>]*>)?\((.*)\{$/gm)) {
    const parameter = /(\w+)\??: (?:[\w<>]+ & )?$/.exec(rest!)?.[1]
    found.add(`${name}(${parameter ?? ''})`)
  }
  return [...found].sort()
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/root.js'

/** A parameter of a method, with its type as it is declared. */
export interface Parameter {
  readonly name: string
  readonly type: string
  readonly optional: boolean
}

/** Classes that the list of exports shows under another name, or as the base of others. */
const furtherDeclarations = [
  'userfaultfd/userfaultfd.d.ts',
  'mapping/handle/mapped-range.d.ts',
  'mapping/handle/mapping.d.ts',
  'mapping/handle/readable-mapping.d.ts',
]

/** The methods of the exported classes that take something, as `Class.method`. */
export function exportedMethods(): Map<string, readonly Parameter[]> {
  const texts = [
    join(root, 'test', 'house', 'exports.txt'),
    ...furtherDeclarations.map((name) => join(root, 'dist', name)),
  ].map((path) => readFileSync(path, 'utf8'))
  const found = new Map<string, readonly Parameter[]>()
  for (const text of texts) {
    for (const [, name, body] of text.matchAll(/^export declare (?:abstract )?class (\w+)[^\n]*\{\n(.*?)^\}/gms)) {
      for (const [, method, rest] of body!.matchAll(/^ {4}(?:static |protected )?([\w$]+)(?:<.*?>)?\((.*)$/gm)) {
        const parameters = parametersOf(rest!)
        if (parameters.length > 0) found.set(`${name}.${method}`, parameters)
      }
    }
  }
  return found
}

/** The parameters before the closing bracket; of one whose type spans lines, what is on the first. */
function parametersOf(text: string): Parameter[] {
  const parts: string[] = []
  let [part, depth] = ['', 0]
  for (const letter of text.replaceAll('=>', '~')) {
    if (letter === ')' && depth === 0) break
    if ('([{<'.includes(letter)) depth++
    if (')]}>'.includes(letter)) depth--
    if (letter === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += letter
  }
  return [...parts, part].flatMap((declared) => {
    const match = /^\s*(?:\.\.\.)?(\w+)(\??): (.+)$/.exec(declared)
    return match === null ? [] : [{ name: match[1]!, optional: match[2] === '?', type: match[3]!.trim() }]
  })
}

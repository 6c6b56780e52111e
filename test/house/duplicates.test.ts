import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roomOf, sourceFiles } from './source-tree.js'

/** Lines that count as a copy when they follow each other in two rooms. */
const LONGEST = 6

interface Line {
  readonly path: string
  readonly number: number
  readonly text: string
}

test(`no ${LONGEST} lines in a row are the same in two rooms`, () => {
  const first = new Map<string, Line>()
  const found = new Set<string>()
  for (const { path, text } of sourceFiles()) {
    const lines = significantLines(path, text)
    for (let at = 0; at + LONGEST <= lines.length; at++) {
      const run = lines.slice(at, at + LONGEST)
      const key = run.map((line) => line.text).join('\n')
      const other = first.get(key)
      if (other === undefined) first.set(key, run[0]!)
      else if (roomOf(other.path) !== roomOf(path))
        found.add(`${other.path}:${other.number} and ${path}:${run[0]!.number}`)
    }
  }
  assert.deepEqual([...found], [])
})

/** Without imports, comments, empty lines, and parameters, which every implementation of a method has to repeat. */
function significantLines(path: string, text: string): Line[] {
  const withoutImports = text.replaceAll(/^(?:import|export)\b[^'";]*?\bfrom\s*'[^']+'/gm, (statement) =>
    '\n'.repeat(statement.split('\n').length - 1),
  )
  const lines = withoutImports.split('\n').map((line, index) => ({ path, number: index + 1, text: line.trim() }))
  return lines.filter((line) => line.text !== '' && !/^(\/\/|\/\*|\*)|^\w+\??: [\w<>[\] |]+,$/.test(line.text))
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourceFiles } from './source-tree.js'

interface Label {
  readonly path: string
  readonly name: string
}

// ` *  P4. Poisoned: …` at the head of the file that keeps the states, and `(P4)` or `(S1, S2)` at the code that relies on it.
const definition = /^ \* {2}([A-Z])(\d+)\. /gm
const reference = /\(([A-Z]\d+(?:, [A-Z]\d+)*)\)/g

const files = sourceFiles()
const defined: Label[] = files.flatMap(({ path, text }) =>
  [...text.matchAll(definition)].map(([, letter, number]) => ({ path, name: `${letter}${number}` })),
)
const referred: Label[] = files.flatMap(({ path, text }) =>
  text
    .split('\n')
    .filter((line) => /^\s*(\/\*\*|\*|\/\/)|\/\/ /.test(line))
    .flatMap((line) => [...line.matchAll(reference)].flatMap(([, names]) => names!.split(', ')))
    .map((name) => ({ path, name })),
)

/** The model keeps the states of a device's page in its own way, under the same numbers. */
const kernelOf = ({ path }: Label) => (path.startsWith('model/') ? 'model' : 'linux')

/** The definition that a reference means: that of its own kernel, or the one that both share. */
function definitionOf(label: Label): Label | undefined {
  const same = defined.filter(({ name }) => name === label.name)
  return same.find((other) => kernelOf(other) === kernelOf(label)) ?? same[0]
}

test('the invariants at the head of a file are numbered from 1 on, and no two files of a kernel use one letter', () => {
  assert.ok(defined.length >= 20, `only ${defined.length} invariants were found`)
  const lists = groupBy(defined, ({ path, name }) => `${path}: ${name[0]}`)
  for (const [list, labels] of lists) {
    assert.deepEqual(
      labels.map(({ name }) => name.slice(1)),
      labels.map((_, index) => `${index + 1}`),
      list,
    )
  }
  const letters = [...lists.values()].map(([first]) => `${kernelOf(first!)} ${first!.name[0]}`)
  assert.equal(new Set(letters).size, letters.length, `${letters}`)
})

test('each number of an invariant in a comment is that of an invariant, and each invariant is referred to', () => {
  assert.deepEqual(
    referred.filter((label) => definitionOf(label) === undefined),
    [],
  )
  const meant = new Set(referred.map(definitionOf))
  assert.deepEqual(
    defined.filter((label) => !meant.has(label)),
    [],
  )
})

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { withoutUserfaultfd } from '../support/without-userfaultfd.js'
import { skipUnlessRoot, skipWithoutCompiler } from '../userfaultfd/skip.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

// A line of an example that prints says in a comment what it prints.
for (const name of readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'))) {
  test(`examples/${name} runs and prints what its comments say`, () => {
    check(name, [])
  })
}

const setpriv = spawnSync('setpriv', ['--version']).status !== 0 && 'no setpriv'
const ordinary = [
  'setpriv',
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
  '--no-new-privs',
  '--bounding-set=-all',
]

for (const name of ['http-object.mjs', 'packed-file.mjs']) {
  test(`examples/${name} runs for an ordinary user`, { skip: skipUnlessRoot() || setpriv }, () => check(name, ordinary))

  test(`examples/${name} runs for an ordinary user whom userfaultfd is refused`, {
    skip: skipUnlessRoot() || setpriv || skipWithoutCompiler(),
  }, () => {
    const filter = withoutUserfaultfd()
    try {
      check(name, [filter.path, ...ordinary])
    } finally {
      filter.remove()
    }
  })
}

/** Runs an example, wrapped in a command. */
function check(name: string, wrap: readonly string[]): void {
  const [command = '', ...rest] = [...wrap, process.execPath, join(root, 'examples', name)]
  const printed = execFileSync(command, rest, { encoding: 'utf8', timeout: 120_000 })
  const source = readFileSync(join(root, 'examples', name), 'utf8')
  const promised = [...source.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map((match) => match[1])
  const lines = printed.trim().split('\n')
  for (const line of promised) assert.ok(lines.includes(line!), `${line} is not among:\n${printed}`)
  assert.notEqual(printed, '')
}

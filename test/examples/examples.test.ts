import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { longRuns } from '../support/long-runs.js'
import { ordinaryUser, skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { patient } from '../support/patient.js'
import { withoutUserfaultfd } from '../support/without-userfaultfd.js'
import { skipWithoutCompiler } from '../userfaultfd/skip.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

// A line of an example that prints says in a comment what it prints.
for (const name of readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'))) {
  test(`examples/${name} runs and prints what its comments say`, () => {
    check(name, [])
  })
}

const skipOrdinary = skipUnlessOrdinaryUser()

const repeats = longRuns ? false : 'repeats of examples are for --long'

// Each for one of the two users; with --long for both.
for (const [name, skipAllowed, skipRefused] of [
  ['http-object.mjs', false, repeats],
  ['packed-file.mjs', repeats, false],
] as const) {
  test(`examples/${name} runs for an ordinary user`, { skip: skipAllowed || skipOrdinary }, () =>
    check(name, ordinaryUser),
  )

  test(`examples/${name} runs for an ordinary user whom userfaultfd is refused`, {
    skip: skipRefused || skipOrdinary || skipWithoutCompiler(),
  }, () => {
    const filter = withoutUserfaultfd()
    try {
      check(name, [filter.path, ...ordinaryUser])
    } finally {
      filter.remove()
    }
  })
}

/** Runs an example, wrapped in a command. */
function check(name: string, wrap: readonly string[]): void {
  const [command = '', ...rest] = [...wrap, process.execPath, join(root, 'examples', name)]
  const printed = execFileSync(command, rest, { encoding: 'utf8', timeout: patient(120_000) })
  const source = readFileSync(join(root, 'examples', name), 'utf8')
  const promised = [...source.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map((match) => match[1])
  const lines = printed.trim().split('\n')
  for (const line of promised) assert.ok(lines.includes(line!), `${line} is not among:\n${printed}`)
  assert.notEqual(printed, '')
}

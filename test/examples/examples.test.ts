import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

// A line of an example that prints says in a comment what it prints.
for (const name of readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'))) {
  test(`examples/${name} runs and prints what its comments say`, () => {
    const printed = execFileSync(process.execPath, [join(root, 'examples', name)], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    const source = readFileSync(join(root, 'examples', name), 'utf8')
    const promised = [...source.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map((match) => match[1])
    const lines = printed.trim().split('\n')
    for (const line of promised) assert.ok(lines.includes(line!), `${line} is not among:\n${printed}`)
    assert.notEqual(printed, '')
  })
}

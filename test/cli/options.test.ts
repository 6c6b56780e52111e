// One table of options drives parsing, help, the manual page and completion: here they are held together.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { commands } from '#vmarea/cli/command/commands.js'
import { helpText, syntaxOf } from '#vmarea/cli/command/help-text.js'
import { manPage } from '#vmarea/cli/command/man-page.js'
import { overview } from '#vmarea/cli/command/overview.js'
import { parseArguments } from '#vmarea/cli/command/parse-arguments.js'
import { bashCompletion } from '#vmarea/cli/completion/bash-completion.js'
import { fishCompletion } from '#vmarea/cli/completion/fish-completion.js'
import { zshCompletion } from '#vmarea/cli/completion/zsh-completion.js'
import { root } from '../support/root.js'
import { run } from './run.js'

const unescaped = (text: string) => text.replaceAll('\\-', '-')

for (const command of commands) {
  describe(command.name, () => {
    const { name, options } = command

    test('is in the overview, in docs/command.md, and in what the shells complete', () => {
      assert.match(overview(commands), new RegExp(`^  vmarea ${name}\\b.*${command.summary}$`, 'm'))
      assert.ok(new RegExp(`^vmarea ${name}\\b`, 'm').test(readFileSync(join(root, 'docs/command.md'), 'utf8')))
      assert.ok(bashCompletion(commands).includes(`"${name} "*)`))
      assert.ok(new RegExp(`^ +${name}\\)$`, 'm').test(zshCompletion(commands)))
      assert.ok(fishCompletion(commands).includes(`-a ${name} -d`))
    })

    test('has help of 80 columns and a manual page with every option', () => {
      const help = helpText(command)
      const section = unescaped(manPage(commands))
        .split(/^\.SS /m)
        .find((part) => part.startsWith(`vmarea ${name}`))
      for (const line of help.split('\n')) assert.ok(line.length <= 80 || line.startsWith(`  vmarea ${name}`), line)
      assert.ok(command.examples.length > 0)
      for (const example of command.examples) assert.ok(help.includes(`\n  ${example}\n`), example)
      for (const [option, details] of Object.entries(options)) {
        const syntax = syntaxOf(option, details)
        assert.ok(help.includes(`  ${syntax}`), syntax)
        assert.ok(section?.includes(`.B ${syntax}\n`), syntax)
      }
    })

    test('parses, and completes, each option', () => {
      const [bash, zsh, fish] = [bashCompletion(commands), zshCompletion(commands), fishCompletion(commands)]
      for (const [option, details] of Object.entries(options)) {
        const value = details.choices?.[0] ?? '7'
        const given = details.type === 'boolean' ? true : details.multiple ? [value] : value
        const forms = [`--${option}`, ...(details.short === undefined ? [] : [`-${details.short}`])]
        for (const form of forms) {
          const args = details.type === 'boolean' ? [form] : [form, value]
          assert.deepEqual(parseArguments(command, args).values[option], given, form)
        }
        assert.ok(bash.split('\n').some((line) => line.includes(`"${name} -"*)`) && line.includes(`--${option}`)))
        assert.ok(zsh.includes(`--${option}`), option)
        assert.ok(fish.includes(`__fish_seen_subcommand_from ${name}' -l ${option}`), option)
      }
    })

    test('refuses an option that it does not have, with the nearest', () => {
      const [known] = Object.keys(options).filter((option) => option.length > 3)
      const misspelt = known === undefined ? '--hepl' : `--${known.slice(0, -2)}${known.at(-1)}${known.at(-2)}`
      assert.throws(() => parseArguments(command, [misspelt]), {
        name: 'CommandError',
        message: `there is no option ${misspelt}, did you mean --${known ?? 'help'}? (vmarea ${name} --help lists them)`,
      })
    })
  })
}

test('short options of a command differ', () => {
  for (const { name, options } of commands) {
    const letters = Object.values(options).flatMap(({ short }) => (short === undefined ? [] : [short]))
    assert.equal(new Set([...letters, 'h']).size, letters.length + 1, name)
  }
})

test('a list of words is separated by commas, and each word is checked', () => {
  const maps = commands.find(({ name }) => name === 'maps')!
  assert.deepEqual(parseArguments(maps, ['--columns', 'rss,object', '--columns', 'kind']).values.columns, [
    'rss',
    'object',
    'kind',
  ])
  assert.throws(() => parseArguments(maps, ['--columns', 'rss,objekt']), { message: /"objekt", did you mean object\?/ })
  assert.throws(() => parseArguments(maps, ['--perms', '---p']), { message: /write --perms=---p/ })
})

test('help --json has the table, help --man the manual page, and help of a command that does not exist names the nearest', () => {
  const { out } = run('help', '--json')
  const parsed = JSON.parse(out) as { version: number; commands: { name: string; options: object }[] }
  assert.deepEqual(
    parsed.commands.map(({ name, options }) => [name, Object.keys(options)]),
    commands.map(({ name, options }) => [name, Object.keys(options)]),
  )
  assert.equal(run('help', '--man').out, manPage(commands))
  const { code, err } = run('help', 'lokup')
  assert.equal(code, 2)
  assert.match(err, /did you mean lookup\?/)
})

test('mandoc finds nothing to object to in the manual page', {
  skip: spawnSync('mandoc', ['-V']).error !== undefined && 'needs mandoc',
}, () => {
  const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], {
    input: manPage(commands),
    encoding: 'utf8',
  })
  const found = stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))
  assert.deepEqual(found, [])
})

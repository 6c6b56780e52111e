import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { skipWithoutTerminal, Terminal } from '../support/terminal.js'
import { run } from './run.js'

const folder = mkdtempSync(join(tmpdir(), 'vmarea-completion-'))
after(() => rmSync(folder, { recursive: true }))

const scriptOf = (shell: string) => {
  const { code, out } = run('completion', shell)
  assert.equal(code, 0)
  const path = join(folder, `vmarea.${shell}`)
  writeFileSync(path, out)
  return path
}

const without = (shell: string) => spawnSync(shell, ['--version']).status !== 0 && `needs ${shell}`

/** A command line up to the cursor, with words that are offered there and words that are not. */
const LINES: [line: string, offered: string[], absent: string[]][] = [
  ['vmarea ma', ['maps'], ['watch']],
  ['vmarea maps --so', ['--sort'], ['--size']],
  ['vmarea maps --sort rs', ['rss'], ['swap']],
  ['vmarea maps --columns rss,inod', ['rss,inode'], ['rss,rss']],
  ['vmarea help loo', ['lookup'], ['maps']],
  ['vmarea completion z', ['zsh'], ['bash']],
  ['vmarea maps se', ['self'], ['maps']],
  [`vmarea maps ${String(process.pid).slice(0, -1)}`, [String(process.pid)], ['self']],
  [`vmarea diff ${folder}/one-fi`, [`${folder}/one-file`], ['self']],
  [`vmarea maps --save ${folder}/one-fi`, [`${folder}/one-file`], ['self']],
]
writeFileSync(join(folder, 'one-file'), '')

function check(offers: (line: string) => string[]): void {
  for (const [line, offered, absent] of LINES) {
    const words = offers(line)
    for (const word of offered) assert.ok(words.includes(word), `${line}: ${word} is not among ${words.join(' ')}`)
    for (const word of absent) assert.ok(!words.includes(word), `${line}: ${word} is among ${words.join(' ')}`)
  }
}

test('bash completes commands, options, values, processes and files', { skip: without('bash') }, () => {
  const script = scriptOf('bash')
  const program = `source ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vmarea; printf '%s\\n' "\${COMPREPLY[@]}"`
  check((line) => {
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', program, 'bash', ...line.split(' ')], {
      encoding: 'utf8',
    })
    assert.equal(stderr, '', line)
    return stdout.split('\n')
  })
  // Readline takes the = for a word of its own.
  const { stdout } = spawnSync('bash', ['-c', program, 'bash', 'vmarea', 'maps', '--sort', '=', 'rs'], {
    encoding: 'utf8',
  })
  assert.equal(stdout, 'rss\n')
})

test('fish completes commands, options, values, processes and files', { skip: without('fish') }, () => {
  const script = scriptOf('fish')
  check((line) => {
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', `source ${script}; complete -C '${line}'`], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    })
    assert.equal(stderr, '', line)
    return stdout.split('\n').map((offered) => offered.split('\t', 1)[0]!)
  })
})

test('zsh completes commands, options, values, processes and files', {
  skip: without('zsh') || skipWithoutTerminal(),
}, async () => {
  const script = scriptOf('zsh')
  const terminal = new Terminal(`HOME=${folder} zsh -f`, { width: 200, height: 40 })
  const unambiguous = LINES.filter(([, offered]) => offered.length === 1)
  try {
    terminal.press(
      `autoload -U compinit; compinit -D; source ${script}; setopt no_beep; PS1='READ''Y '; clear`,
      'Enter',
    )
    await terminal.shows('its prompt', (screen) => /^READY\s*$/.test(screen.trimStart()))
    for (const [line, [word]] of unambiguous) {
      // A process number may be the beginning of another one's.
      if (line.includes(` ${String(process.pid).slice(0, -1)}`)) continue
      terminal.press('-l', line)
      terminal.press('Tab')
      const completed = `${line.slice(0, line.lastIndexOf(' ') + 1)}${word}`
      await terminal.shows(`${completed} after a Tab`, (screen) => screen.includes(completed))
      terminal.press('C-u')
      await terminal.shows('an empty line', (screen) => screen.trimEnd().split('\n').at(-1) === 'READY')
    }
  } finally {
    terminal.close()
  }
})

test('completion names the nearest shell', () => {
  const { code, err } = run('completion', 'fich')
  assert.equal(code, 2)
  assert.match(err, /bash, zsh, fish \(did you mean fish\?\)/)
})

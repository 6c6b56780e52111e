// Every command has --json, and with it the standard output holds JSON alone: an object a line.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { thisProcess } from 'vmarea'
import { memoryStore } from 'vmarea/stores'
import { commands } from '#vmarea/cli/command/commands.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'
import { skipWithout } from '../userfaultfd/skip.js'
import { MAIN, run } from './run.js'

const file = temporaryFile(Buffer.alloc(100_000, 'text'))
const snapshot = join(temporaryFolder, 'snapshot.json')
assert.equal(run('maps', '--save', snapshot).code, 0)

/** The arguments of each command. Those of the second table run until they are stopped. */
const ending: Readonly<Record<string, readonly string[]>> = {
  maps: [],
  lookup: ['self', '0'],
  watch: [String(process.pid), '--for', '0.05', '--interval', '10'],
  diff: [snapshot, snapshot],
  files: [file],
  doctor: [],
  pack: [file, '-o', join(temporaryFolder, 'packed')],
  completion: ['bash'],
  help: [],
}
const running: Readonly<Record<string, readonly string[]>> = {
  view: [],
  serve: ['--socket', join(temporaryFolder, 'socket'), '--memory', file],
}

test('the tables name every command', () => {
  const named = [...Object.keys(ending), ...Object.keys(running), 'swap', 'tour']
  assert.deepEqual(commands.map(({ name }) => name).sort(), named.sort())
})

for (const [name, args] of Object.entries(ending)) {
  test(`${name} --json prints an object a line`, () => {
    const { code, out, err } = run(name, ...args, '--json')
    assert.deepEqual([code, err], [0, ''])
    const lines = out.split('\n')
    assert.equal(lines.pop(), '')
    assert.notEqual(lines.length, 0)
    for (const line of lines) assert.equal(typeof JSON.parse(line), 'object', line)
    assert.equal(JSON.parse(lines[0]!).version, 1)
  })
}

for (const [name, args] of Object.entries(running)) {
  test(`${name} --json prints an object when it is ready`, {
    skip: name === 'serve' && skipWithout(),
  }, async () => {
    const child = spawn(process.execPath, [MAIN, name, ...args, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] })
    after(() => child.kill('SIGKILL'))
    const [line] = await once(createInterface(child.stdout), 'line')
    const first = JSON.parse(line)
    if (name === 'view') assert.match(first.address, /^http:\/\/127\.0\.0\.1:\d+\//)
    else assert.equal(first.event, 'listening')
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
}

test('swap prints its status as JSON, with --json and without', { skip: skipWithout() }, async () => {
  const control = join(temporaryFolder, 'swap')
  const owner = thisProcess()
  const memory = owner.mapMut({ length: 16 * 4096 })
  const swap = await owner.openSwap(memory, { store: memoryStore({ compression: 'none' }), control })
  const status = async (...more: string[]) => {
    const child = spawn(process.execPath, [MAIN, 'swap', 'status', control, ...more], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface(child.stdout), 'line')
    return Object.keys(JSON.parse(line))
  }
  assert.deepEqual(await status('--json'), await status())
  await swap.exit()
  memory.unmap()
})

test('view --html names the file, and with --json as JSON', () => {
  const page = join(temporaryFolder, 'page.html')
  assert.deepEqual(JSON.parse(run('view', snapshot, '--html', page, '--json').out), { version: 1, file: page })
  assert.equal(run('view', snapshot, '--html', page).out, `${page}\n`)
})

test('each step of tour --json says what it showed', () => {
  const steps = run('tour', file, '--json')
    .out.trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(steps.length, steps[0].steps)
  for (const [index, { step, title, lines, error }] of steps.entries()) {
    assert.deepEqual([step, typeof title, error], [index + 1, 'string', null])
    assert.notEqual(lines.length, 0)
  }
  const { code, out } = run('tour', join(temporaryFolder, 'none'), '--json')
  assert.equal(code, 1)
  assert.match(JSON.parse(out).error, /none/)
})

// `vmarea serve`, as a program uses it: in a pipe.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { readWorkingSet } from '#vmarea/guests.js'
import { MAIN, run } from '../cli/run.js'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { skipWithoutTerminal, Terminal } from '../support/terminal.js'
import { until } from '../support/until.js'
import { skipUnlessRoot, skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor, patternOf } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()

interface Event {
  readonly event: string
  readonly [detail: string]: unknown
}

for (const drain of [true, false]) {
  test(`it serves monitors, prints each event, and ends at SIGTERM${drain ? ' with all of the memory there' : ' with poison'}`, {
    skip,
  }, async () => {
    const memory = join(temporaryFolder, 'memory')
    const socket = join(temporaryFolder, `socket-${drain}`)
    writeFileSync(memory, patternOf(64))
    const args = ['serve', '--socket', socket, '--memory', memory, '--around', '4K', ...(drain ? ['--drain'] : [])]
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const events = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const next = async () => JSON.parse((await events.next()).value) as Event
    const exited = new Promise((resolve) => child.once('exit', resolve))
    try {
      assert.equal((await next()).event, 'listening')
      await using monitor = new Monitor(socket, ['regions=64', 'drop'])
      const { event, pid, bytes } = await next()
      assert.deepEqual({ event, pid, bytes }, { event: 'serving', pid: monitor.pid, bytes: 64 * 4096 })
      assert.equal((await monitor.check(0, 3)).good, 3)
      child.kill('SIGTERM')
      const ended = await next()
      assert.deepEqual([ended.event, ended.reason], ['ended', 'closed'])
      assert.equal(await exited, 0)
      const rest = await monitor.check(0, 64)
      assert.deepEqual([rest.good, rest.poisoned], drain ? [64, 0] : [3, 61])
    } finally {
      child.kill('SIGKILL')
    }
  })
}

test('it records what its guests demand as one set, and replays it', { skip }, async () => {
  const [memory, socket, set] = ['recorded', 'socket-record', 'set'].map((name) => join(temporaryFolder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(memory, patternOf(64))
  const start = async (...more: string[]) => {
    const args = ['serve', '--socket', socket, '--memory', memory, '--around', '4K', ...more]
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const events = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const next = async (name: string) => {
      const found = JSON.parse((await events.next()).value) as Event
      assert.equal(found.event, name)
      return found
    }
    await next('listening')
    return { child, next }
  }
  const recording = await start('--record', set)
  try {
    for (const first of [3, 20]) {
      await using monitor = new Monitor(socket, ['regions=64'])
      await recording.next('serving')
      assert.equal((await monitor.check(first, 2)).good, 2)
      await monitor.kill()
      assert.equal((await recording.next('ended')).recordError, undefined)
    }
  } finally {
    recording.child.kill('SIGKILL')
  }
  const ranges = [3, 20].map((first) => [first * 4096, (first + 2) * 4096])
  assert.deepEqual((await readWorkingSet(set)).ranges, ranges)
  const replaying = await start('--replay', set, '--replay', set)
  try {
    await using monitor = new Monitor(socket, ['regions=64'])
    await replaying.next('serving')
    // What is not in the set, which is demanded while the set may be on its way.
    assert.equal((await monitor.check(40, 1)).good, 1)
    assert.equal((await monitor.check(3, 2)).good, 2)
    await monitor.kill()
    const { statistics } = (await replaying.next('ended')) as unknown as {
      statistics: { pages: number; filled: number }
    }
    assert.ok(statistics.filled >= 1 && statistics.filled <= 5, JSON.stringify(statistics))
  } finally {
    replaying.child.kill('SIGKILL')
  }
})

test('with --state it takes over the guests of its killed predecessor, and no byte changes', {
  skip: skip || skipUnlessRoot(),
}, async () => {
  const [memory, socket, state] = ['kept', 'socket-kept', 'state-kept'].map((name) => join(temporaryFolder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(memory, patternOf(64))
  const kept = ['--around', '4K', '--state', state, '--on-failure', 'wait', '--keeper']
  const start = () => {
    const args = ['serve', '--socket', socket, '--memory', memory, ...kept]
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const events = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const next = async () => JSON.parse((await events.next()).value) as Event
    const exited = new Promise((resolve) => child.once('exit', resolve))
    return { child, next, exited }
  }
  const first = start()
  try {
    assert.equal((await first.next()).event, 'listening')
    // One monitor keeps its userfaultfd, as Firecracker does, and of the other one the keeper alone has it.
    await using keeps = new Monitor(socket, ['regions=64'])
    assert.equal((await first.next()).pid, keeps.pid)
    await using drops = new Monitor(socket, ['regions=64', 'drop'])
    assert.equal((await first.next()).pid, drops.pid)
    for (const monitor of [keeps, drops]) {
      assert.equal((await monitor.check(0, 4)).good, 4)
      await monitor.ask('remove', 8, 4)
    }
    await until('both removals are written', () => readFileSync(state, 'utf8').split('"removed"').length === 3)
    first.child.kill('SIGKILL')
    await first.exited
    const waiting = [keeps, drops].map((monitor) => monitor.check(0, 64))
    const second = start()
    try {
      const said = [await second.next(), await second.next(), await second.next()]
      const taken = said.filter(({ event }) => event === 'serving')
      assert.deepEqual(said.map(({ event }) => event).sort(), ['listening', 'serving', 'serving'])
      assert.deepEqual(new Set(taken.map(({ pid }) => pid)), new Set([keeps.pid, drops.pid]))
      assert.ok(taken.every(({ takenOver }) => takenOver === true))
      for (const check of waiting) assert.deepEqual(await check, { good: 60, zero: 4, other: 0, poisoned: 0 })
      second.child.kill('SIGTERM')
      assert.equal(await second.exited, 0)
    } finally {
      second.child.kill('SIGKILL')
    }
  } finally {
    first.child.kill('SIGKILL')
  }
})

test('on a terminal a line a guest follows what is resident, how fast, and from where', {
  skip: skip || skipWithoutTerminal(),
}, async () => {
  const [memory, socket] = ['shown', 'socket-shown'].map((name) => join(temporaryFolder, name)) as [string, string]
  writeFileSync(memory, patternOf(64))
  const command = [process.execPath, MAIN, 'serve', '--socket', socket, '--memory', memory].map((word) => `'${word}'`)
  const terminal = new Terminal(command.join(' '), { width: 200 })
  try {
    await terminal.shows('that it listens', (screen) => screen.includes('listening'))
    await using monitor = new Monitor(socket, ['regions=64'])
    await monitor.check(0, 64)
    const line = `pid ${monitor.pid}: 256K of 256K resident,`
    const screen = await terminal.shows('the guest', (screen) => screen.includes(line))
    assert.match(screen, new RegExp(`${line} \\d+ faults/s, p50 \\d+ µs, p99 \\d+ µs, ${memory}\n`))
    await monitor.kill()
    await terminal.shows('its end', (screen) => screen.includes('ended: ') && !screen.includes(line))
  } finally {
    terminal.close()
  }
})

test('the options of the systemd unit in the docs are options of the command', () => {
  const unit = readFileSync(join(root, 'docs', 'guests.md'), 'utf8')
  const [, line = ''] = /^ExecStart=\/usr\/bin\/vmarea serve (.*)$/m.exec(unit) ?? []
  const args = line.split(' ').map((word) => word.replace(/^\/.*\//, `${temporaryFolder}/nowhere/`))
  assert.ok(args.includes('--socket') && args.includes('--state'), line)
  const { code, err } = run('serve', ...args)
  assert.equal(code, 1, err)
  assert.match(err, /nowhere/)
})

test('what can not be served is an error of the command line', () => {
  for (const args of [[], ['--socket', 's'], ['--socket', 's', '--memory', 'm', '--mode', '9']]) {
    assert.equal(run('serve', ...args).code, 2)
  }
  const path = join(temporaryFolder, 'taken')
  writeFileSync(path, '')
  const { code, err } = run('serve', '--socket', path, '--memory', path)
  assert.equal(code, 1)
  assert.match(err, /EADDRINUSE.*taken/)
  // Before a monitor comes.
  for (const [option, file] of [
    ['--memory', 'nothing'],
    ['--replay', 'nothing'],
  ] as const) {
    const args = option === '--memory' ? [] : ['--memory', path]
    const missing = run('serve', '--socket', join(temporaryFolder, 'socket'), ...args, option, file)
    assert.equal(missing.code, 1)
    assert.match(missing.err, /nothing/)
  }
})

// What becomes of a guest's pages when its handler ends: the table of docs/guests.md, each cell tried.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { listenForGuests } from '#vmarea/guests.js'
import { root } from '../support/root.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()

/** What a handler does to end, by its name in the docs. */
const ends: Readonly<Record<string, string>> = {
  'guest.close()': 'for (const listener of listeners) for (const guest of listener.open) await guest.close()',
  'guests.close()': 'for (const listener of listeners) await listener.close()',
  'its natural end': 'for (const listener of listeners) await listener.close()\nprocess.stdin.destroy()',
  'an error that is thrown': "setImmediate(() => { throw new Error('enough') })",
  'process.exit()': 'process.exit(0)',
  SIGTERM: "process.kill(process.pid, 'SIGTERM')",
  SIGKILL: "process.kill(process.pid, 'SIGKILL')",
}

interface Row {
  readonly end: string
  readonly onFailure: string
  /** By whether the monitor kept its userfaultfd, and whether there is a keeper. */
  readonly kept: string
  readonly closed: string
  readonly keeper: string
}

/** The rows of the table in the docs, one for each end. */
function tableOfDocs(): Row[] {
  const text = readFileSync(join(root, 'docs', 'guests.md'), 'utf8')
  const rows: Row[] = []
  let names: string[] = []
  for (const line of text.slice(text.indexOf('| the handler ends by |')).split('\n').slice(2)) {
    if (!line.startsWith('|')) break
    const [first, onFailure, kept, closed, keeper] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll(/[`']/g, ''))
    if (first !== '') names = first!.split(', ')
    for (const end of names) rows.push({ end, onFailure: onFailure!, kept: kept!, closed: closed!, keeper: keeper! })
  }
  return rows
}

const kinds = [
  { name: 'kept', keeper: false, options: [] },
  { name: 'closed', keeper: false, options: ['drop'] },
  { name: 'keeper', keeper: true, options: [] },
  { name: 'keeper', keeper: true, options: ['drop'] },
] as const

/** A handler that listens at a path for each `onFailure` with and without a keeper. It ends when it is told to. */
function startHandler(prefix: string, end: string) {
  const program = `
    import { listenForGuests } from 'vmarea/guests'
    process.stdin.resume()
    const listeners = []
    for (const onFailure of ['poison', 'kill', 'wait']) {
      for (const keeper of [false, true]) {
        const guests = await listenForGuests(process.argv[1] + onFailure + keeper, { onFailure, keeper })
        listeners.push(guests)
        void (async () => {
          const source = { size: 64 * 4096, read: (offset, target) => void target.fill(7) }
          for await (const guest of guests) await guest.serve(source, { around: 4096 })
        })()
      }
    }
    console.log('ready')
    await new Promise((resolve) => process.stdin.once('data', resolve))
    ${ends[end]}
    console.log('ended')`
  return spawn(process.execPath, ['--input-type=module', '--eval', program, '--', prefix], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, VMAREA_TEST: prefix },
  })
}

const rows = tableOfDocs()

test('the table of the docs names each end', () => {
  assert.deepEqual([...new Set(rows.map(({ end }) => end))], Object.keys(ends))
  assert.equal(rows.length, 3 * Object.keys(ends).length)
})

for (const [number, end] of Object.keys(ends).entries()) {
  test(`a handler that ends by ${end} leaves its guests as the docs say`, { skip }, async () => {
    const prefix = `@vmarea-ends-${process.pid}-${number}-`
    const lives = end.endsWith('close()')
    const handler = startHandler(prefix, end)
    const ended = new Promise((resolve) => handler.once('exit', resolve))
    const monitors: Monitor[] = []
    try {
      await once(handler.stdout, 'data')
      const cases = rows
        .filter((row) => row.end === end)
        .flatMap((row) =>
          kinds.map(({ name, keeper, options }) => {
            const monitor = new Monitor(`${prefix}${row.onFailure}${keeper}`, ['regions=64', ...options])
            monitors.push(monitor)
            return { monitor, keeper, outcome: row[name], title: `${row.onFailure}, ${name} ${options.join()}` }
          }),
        )
      for (const { monitor, title } of cases) {
        assert.deepEqual(await monitor.check(1, 1), { good: 0, zero: 0, other: 1, poisoned: 0 }, title)
      }
      handler.stdin.write('end\n')
      await (lives ? once(handler.stdout, 'data') : ended)
      await Promise.all(
        cases.map(({ monitor, outcome, title, keeper }) => checkOutcome(monitor, outcome, title, lives || keeper)),
      )
    } finally {
      handler.kill('SIGKILL')
      for (const monitor of monitors) await monitor.kill()
    }
    await until('the keepers end with their guests', () => !keepers().some((variables) => variables.includes(prefix)))
  })
}

/** `stays`: a process still poisons what the guest gives back. */
async function checkOutcome(monitor: Monitor, outcome: string, title: string, stays: boolean): Promise<void> {
  if (outcome === 'killed') assert.equal((await monitor.ended).signal, 'SIGKILL', title)
  else if (outcome === 'waits') await checkWaits(monitor, title)
  else if (outcome === 'reads zeros') {
    assert.deepEqual(await monitor.check(2, 62), { good: 0, zero: 62, other: 0, poisoned: 0 }, title)
  } else {
    assert.equal(outcome, 'fails')
    assert.deepEqual(await monitor.check(2, 62), { good: 0, zero: 0, other: 0, poisoned: 62 }, title)
    assert.equal((await monitor.check(1, 1)).other, 1, 'what was served stays')
    if (!stays) return
    await monitor.ask('remove', 0, 64)
    assert.deepEqual(await monitor.check(0, 64), { good: 0, zero: 0, other: 0, poisoned: 64 }, title)
  }
}

async function checkWaits(monitor: Monitor, title: string): Promise<void> {
  const answer = monitor.check(2, 1).catch(() => 'killed while it waited')
  await until(`a thread of the monitor waits in a fault: ${title}`, () =>
    readdirSync(`/proc/${monitor.pid}/task`).some(
      (thread) => textOf(`/proc/${monitor.pid}/task/${thread}/wchan`) === 'handle_userfault',
    ),
  )
  await monitor.kill()
  assert.equal(await answer, 'killed while it waited')
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // The process or thread has ended.
  }
}

/** The environments of the keepers that run. */
function keepers(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && textOf(`/proc/${name}/comm`).startsWith('vmarea-keeper'))
    .map((name) => textOf(`/proc/${name}/environ`))
}

test('a guest that was never served becomes what onFailure says when the listener closes', { skip }, async () => {
  const path = `@vmarea-ends-${process.pid}-never`
  const guests = await listenForGuests(path)
  await using monitor = new Monitor(path, ['regions=8', 'drop'])
  await monitor.ready
  await until('it is accepted', () => guests.open.size === 1)
  await guests.close()
  assert.deepEqual(await monitor.check(0, 8), { good: 0, zero: 0, other: 0, poisoned: 8 })
})

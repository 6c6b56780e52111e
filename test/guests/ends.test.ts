// What becomes of a guest's pages when its handler ends, by each way and with each `onFailure`: the table of docs/guests.md.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { waitsInFault } from '#vmarea/linux/userfaultfd/waits-in-fault.js'
import { root } from '../support/root.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
let count = 0

const ends: Record<string, string> = {
  'guest.close()': 'await guest.close()',
  'guests.close()': 'await guests.close()',
  'its natural end': 'await guests.close()\nprocess.stdin.destroy()',
  'an error that is thrown': "setImmediate(() => { throw new Error('enough') })",
  'process.exit()': 'process.exit(0)',
  SIGTERM: "process.kill(process.pid, 'SIGTERM')",
  SIGKILL: "process.kill(process.pid, 'SIGKILL')",
}
// Without a keeper no code runs at a signal: what is missing is zero where the monitor kept no copy of the userfaultfd.
const waiting = ['guest.close()', 'process.exit()', 'SIGKILL']
const bySignal = ['SIGTERM', 'SIGKILL']

/** Starts a handler that serves a monitor, lets it end, and looks at the monitor. */
async function afterEnd(
  source: string,
  onFailure: string,
  options: string[],
  look: (monitor: Monitor) => Promise<void>,
  ends = true,
  keeper = false,
): Promise<void> {
  const path = `@vmarea-ends-${process.pid}-${count++}`
  const program = `
    import { listenForGuests, zeroSource } from 'vmarea/guests'
    process.stdin.resume()
    const guests = await listenForGuests(process.argv[1], { onFailure: '${onFailure}', keeper: ${keeper} })
    for await (const guest of guests) {
      await guest.serve({ size: 64 * 4096, read: (offset, target) => void target.fill(7) }, { around: 4096 })
      await new Promise((resolve) => process.stdin.once('data', resolve))
      ${source}
      console.log('ended')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, '--', path], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, VMAREA_TEST: path },
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until('the handler listens', () => readFileSync('/proc/net/unix', 'latin1').includes(path))
    await using monitor = new Monitor(path, options)
    await monitor.ready
    assert.deepEqual(await monitor.check(1, 1), { good: 0, zero: 0, other: 1, poisoned: 0 })
    child.stdin.write('end\n')
    await (ends ? ended : once(child.stdout, 'data'))
    await look(monitor)
  } finally {
    child.kill('SIGKILL')
  }
  if (keeper)
    await until('the keeper ends with its guest', () => !keepers().some((environment) => environment.includes(path)))
}

/** The environments of the keepers that run. */
function keepers(): string[] {
  const text = (path: string) => {
    try {
      return readFileSync(path, 'latin1')
    } catch {
      return '' // It has ended.
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && text(`/proc/${name}/comm`).startsWith('vmarea-keeper'))
    .map((name) => text(`/proc/${name}/environ`))
}

async function waits(monitor: Monitor): Promise<void> {
  const answer = monitor.check(2, 1).catch(() => 'killed while it waited')
  await until('a thread of the monitor waits in a fault', () =>
    readdirSync(`/proc/${monitor.pid}/task`).some((thread) => waitsInFault(`/proc/${monitor.pid}/task/${thread}`)),
  )
  await monitor.kill()
  assert.equal(await answer, 'killed while it waited')
}

for (const [name, source] of Object.entries(ends)) {
  const lives = name.endsWith('close()')

  if (!bySignal.includes(name)) {
    test(`a handler that ends by ${name} with onFailure 'poison' leaves poison and no zeros`, { skip }, async () => {
      await afterEnd(
        source,
        'poison',
        ['regions=64', 'drop'],
        async (monitor) => {
          assert.deepEqual(await monitor.check(2, 62), { good: 0, zero: 0, other: 0, poisoned: 62 })
          assert.equal((await monitor.check(1, 1)).other, 1, 'what was served stays')
        },
        !lives,
      )
    })

    test(`a handler that ends by ${name} with onFailure 'kill' kills the monitor`, { skip }, async () => {
      await afterEnd(
        source,
        'kill',
        ['regions=64', 'drop'],
        async (monitor) => assert.equal((await monitor.ended).signal, 'SIGKILL'),
        !lives,
      )
    })
  } else {
    test(`a handler that ends by ${name} runs no code: where the monitor kept no copy, pages are zeros`, {
      skip,
    }, async () => {
      await afterEnd(source, 'poison', ['regions=64', 'drop'], async (monitor) => {
        assert.deepEqual(await monitor.check(2, 62), { good: 0, zero: 62, other: 0, poisoned: 0 })
      })
    })
  }

  if (!waiting.includes(name)) continue
  test(`a handler that ends by ${name} with onFailure 'wait' leaves a guest that waits, where the monitor kept a copy`, {
    skip,
  }, async () => {
    await afterEnd(source, 'wait', ['regions=64'], waits, !lives)
  })
}

test('a guest that was poisoned finds poison in pages that it gives back, as long as the handler lives', {
  skip,
}, async () => {
  await afterEnd(
    'await guest.close()',
    'poison',
    ['regions=64', 'drop'],
    async (monitor) => {
      await monitor.ask('remove', 0, 64)
      assert.deepEqual(await monitor.check(0, 64), { good: 0, zero: 0, other: 0, poisoned: 64 })
    },
    false,
  )
})

test('a guest that was never served becomes what onFailure says when the listener closes', { skip }, async () => {
  const { listenForGuests } = await import('#vmarea/guests.js')
  const path = `@vmarea-ends-${process.pid}-${count++}`
  const guests = await listenForGuests(path)
  await using monitor = new Monitor(path, ['regions=8', 'drop'])
  await monitor.ready
  await until('it is accepted', () => guests.open.size === 1)
  await guests.close()
  assert.deepEqual(await monitor.check(0, 8), { good: 0, zero: 0, other: 0, poisoned: 8 })
})

for (const [name, source] of Object.entries(ends).filter(([name]) => !name.endsWith('close()'))) {
  test(`with a keeper, a handler that ends by ${name} leaves no zeros and nobody who waits, and no keeper behind`, {
    skip,
  }, async () => {
    const poisoned = async (monitor: Monitor) => {
      assert.deepEqual(await monitor.check(2, 62), { good: 0, zero: 0, other: 0, poisoned: 62 })
      await monitor.ask('remove', 0, 64)
      assert.deepEqual(await monitor.check(0, 64), { good: 0, zero: 0, other: 0, poisoned: 64 })
    }
    const killed = async (monitor: Monitor) => assert.equal((await monitor.ended).signal, 'SIGKILL')
    await Promise.all([
      afterEnd(source, 'poison', ['regions=64', 'drop'], poisoned, true, true),
      afterEnd(source, 'poison', ['regions=64'], poisoned, true, true),
      afterEnd(source, 'kill', ['regions=64', 'drop'], killed, true, true),
    ])
  })
}

test("with a keeper and onFailure 'wait', a guest waits, though its monitor kept no copy", { skip }, async () => {
  await afterEnd(ends.SIGKILL!, 'wait', ['regions=64', 'drop'], waits, true, true)
})

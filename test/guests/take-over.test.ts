// A handler is killed, and this process takes its guest over.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileSource, listenForGuests } from '#vmarea/guests.js'
import { ordinaryUser, skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { skipUnlessRoot, skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor, patternOf } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler() || skipUnlessRoot()
const page = 4096
let count = 0

/** A monitor whose handler was killed after pages 0 to 3 were served and 8 to 11 were given back; page 20 is waited for. */
async function orphan(
  look: (
    monitor: Monitor,
    waiting: Promise<{ good: number }>,
    paths: { memory: string; state: string },
  ) => Promise<void>,
  { options = [], keeper = false }: { options?: string[]; keeper?: boolean } = {},
): Promise<void> {
  const [memory, state] = ['memory', 'state'].map((name) => join(temporaryFolder, `${name}-${count++}`)) as [
    string,
    string,
  ]
  const path = `@vmarea-take-over-${process.pid}-${count++}`
  writeFileSync(memory, patternOf(64))
  const program = `
    import { fileSource, listenForGuests } from 'vmarea/guests'
    const [path, memory, state] = process.argv.slice(1)
    const guests = await listenForGuests(path, { onFailure: 'wait', keeper: ${keeper}, state })
    for await (const guest of guests) await guest.serve(fileSource(memory), { around: 4096 })`
  const args = ['--input-type=module', '--eval', program, '--', path, memory, state]
  const handler = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  const ended = new Promise((resolve) => handler.once('exit', resolve))
  try {
    await until('the handler listens', () => readFileSync('/proc/net/unix', 'latin1').includes(path))
    await using monitor = new Monitor(path, ['regions=64', ...options])
    assert.equal((await monitor.check(0, 4)).good, 4)
    await monitor.ask('remove', 8, 4)
    // The kernel lets the monitor continue once the handler has read the event, which it writes down next.
    await until('the removal is written', () => readFileSync(state, 'utf8').includes('"removed"'))
    handler.kill('SIGKILL')
    await ended
    await look(monitor, monitor.check(20, 1), { memory, state })
  } finally {
    handler.kill('SIGKILL')
  }
}

test('a guest whose handler was killed is taken over: the fault that waits is answered, and pages that were given back stay zero', {
  skip,
}, async () => {
  await orphan(async (monitor, waiting, { memory, state }) => {
    await using guests = await listenForGuests(`@vmarea-next-${process.pid}-${count++}`, { state })
    const { pid } = monitor
    for (const removed of [5, [1], [2, 1], ['0', '9'], null])
      appendFileSync(state, `${JSON.stringify({ pid, removed })}\n`)
    appendFileSync(state, 'null\n7\n"text"\n\n{"pid":') // The handler was killed while it wrote.
    const guest = await guests.takeOver({ pid: monitor.pid, state })
    await guest.serve(fileSource(memory))
    assert.equal((await waiting).good, 1)
    assert.deepEqual(await monitor.check(0, 64), { good: 60, zero: 4, other: 0, poisoned: 0 })
    await until('each answered page is counted', () => guest.statistics.resident >= 60)
    await monitor.kill()
    assert.equal((await guest.closed).reason, 'gone')
  })
})

test('a guest whose monitor kept no userfaultfd is taken over from the keeper of its handler', { skip }, async () => {
  const look: Parameters<typeof orphan>[0] = async (monitor, waiting, { memory, state }) => {
    await using guests = await listenForGuests(`@vmarea-next-${process.pid}-${count++}`)
    const guest = await guests.takeOver({ pid: monitor.pid, state })
    await guest.serve(fileSource(memory))
    assert.equal((await waiting).good, 1)
    assert.deepEqual(await monitor.check(0, 64), { good: 60, zero: 4, other: 0, poisoned: 0 })
  }
  // The guests of two keepers at a time: each is found by its monitor.
  await Promise.all([
    orphan(look, { options: ['drop'], keeper: true }),
    orphan(look, { options: ['drop'], keeper: true }),
  ])
})

test('with takeOver the iterator yields the guests that a killed handler has left, and those of a living handler stay with it', {
  skip,
}, async () => {
  await orphan(async (monitor, waiting, { memory, state }) => {
    const next = await listenForGuests(`@vmarea-next-${process.pid}-${count++}`, {
      state,
      takeOver: true,
      onFailure: 'wait',
    })
    for await (const guest of next) {
      assert.deepEqual([guest.pid, guest.uid, guest.takenOver], [monitor.pid, process.getuid!(), true])
      await guest.serve(fileSource(memory))
      break
    }
    assert.equal((await waiting).good, 1)
    // Another process does not get what this one serves.
    const program = `
      import { listenForGuests } from 'vmarea/guests'
      const [state] = process.argv.slice(1)
      const refused = new Promise((resolve) => {
        const onRefused = (error, { pid }) => resolve([error.code, pid])
        listenForGuests('@vmarea-busy-' + process.pid, { state, takeOver: true, onRefused }).then(async (guests) => {
          const told = await refused
          console.log(JSON.stringify([...told, guests.open.size]))
          await guests.close()
        })
      })`
    const args = ['--input-type=module', '--eval', program, '--', state]
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
    assert.deepEqual(JSON.parse(stdout || 'null'), ['EBUSY', monitor.pid, 0], stderr)
    // Once it is left to wait, the next one has it, with all that was ever removed.
    await next.close()
    const later = monitor.check(0, 64)
    await using last = await listenForGuests(`@vmarea-next-${process.pid}-${count++}`, { state, takeOver: true })
    for await (const guest of last) {
      await guest.serve(fileSource(memory))
      break
    }
    assert.deepEqual(await later, { good: 60, zero: 4, other: 0, poisoned: 0 })
  })
})

test('with takeOver a state that no handler has written yet, and guests that were poisoned, are none', {
  skip,
}, async () => {
  const state = join(temporaryFolder, `state-${count++}`)
  const path = `@vmarea-first-${process.pid}-${count++}`
  const first = await listenForGuests(path, { state, takeOver: true })
  await using monitor = new Monitor(path, ['regions=8'])
  for await (const guest of first) {
    assert.equal(guest.takenOver, false)
    await guest.close()
    break
  }
  await first.close()
  await using second = await listenForGuests(path, { state, takeOver: true })
  assert.equal(second.open.size, 0)
  await using other = new Monitor(path, ['regions=8'])
  for await (const guest of second) {
    assert.deepEqual([guest.pid, guest.takenOver], [other.pid, false])
    break
  }
  await assert.rejects(listenForGuests(`${path}-2`, { takeOver: true }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  await assert.rejects(listenForGuests(`${path}-3`, { takeOver: true, state: temporaryFolder }), { code: 'EISDIR' })
  await monitor.kill()
})

test('a guest of which no process holds the userfaultfd is refused by name', { skip }, async () => {
  await using guests = await listenForGuests(`@vmarea-next-${process.pid}-${count++}`)
  await using monitor = new Monitor('@', ['regions=8', 'silent', 'drop'])
  const regions = await monitor.regions()
  await assert.rejects(guests.takeOver({ pid: monitor.pid, regions }), { code: 'ESRCH', message: /no keeper/ })
})

test('a guest is taken over by its regions alone, and pages that it gave back read as the source has them', {
  skip,
}, async () => {
  await orphan(async (monitor, waiting, { memory }) => {
    await using guests = await listenForGuests(`@vmarea-next-${process.pid}-${count++}`)
    const regions = await monitor.regions()
    const guest = await guests.takeOver({ pid: monitor.pid, regions })
    await guest.serve(fileSource(memory))
    assert.equal((await waiting).good, 1)
    assert.deepEqual(await monitor.check(0, 64), { good: 64, zero: 0, other: 0, poisoned: 0 })
  })
})

test('without the right to trace the monitor the error names the right', {
  skip: skip || skipUnlessOrdinaryUser(),
}, async () => {
  await using monitor = new Monitor('@', ['regions=8', 'silent'])
  await monitor.ready
  const program = `
    import { listenForGuests } from 'vmarea/guests'
    const guests = await listenForGuests('@vmarea-ordinary-' + process.pid)
    const regions = [{ start: 1 << 30, length: 4096, offset: 0, pageSize: 4096 }]
    const error = await guests.takeOver({ pid: ${monitor.pid}, regions }).catch((error) => error)
    console.log(error.code, error.message)
    await guests.close()`
  const [command = '', ...rest] = [...ordinaryUser, process.execPath, '--input-type=module', '--eval', program]
  const { stdout, stderr } = spawnSync(command, rest, { cwd: root, encoding: 'utf8' })
  assert.match(stdout, /^EPERM .*CAP_SYS_PTRACE/, stderr)
})

test('what can not be taken over is refused by name, and another snapshot too', { skip }, async () => {
  await orphan(async (monitor, waiting, { memory, state }) => {
    await using guests = await listenForGuests(`@vmarea-next-${process.pid}-${count++}`)
    const { pid } = monitor
    await assert.rejects(guests.takeOver({ pid }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    await assert.rejects(guests.takeOver({ pid: process.pid, state }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    const regions = [{ start: 1 << 30, length: page, offset: 0, pageSize: page }]
    await assert.rejects(guests.takeOver({ pid: 1 << 22, regions }), { code: 'ESRCH' })
    const guest = await guests.takeOver({ pid, state })
    const other = `${memory}-other`
    writeFileSync(other, patternOf(64))
    await assert.rejects(guest.serve(fileSource(other)), { code: 'ERR_VMAREA_OTHER_SNAPSHOT' })
    await guest.serve(fileSource(memory))
    assert.equal((await waiting).good, 1)
  })
})

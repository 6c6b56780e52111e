import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { mapMut, thisProcess } from '#vmarea/index.js'
import { until as untilSeen } from '../support/until.js'

const file = new URL('./lock-worker.js', import.meta.url)

function start(role: string, until = new SharedArrayBuffer(4), rounds = new SharedArrayBuffer(4)): Worker {
  return new Worker(file, { workerData: { role, until, rounds } })
}

/** How many rounds a thread has done. */
function roundsIn(rounds: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(rounds), 0)
}

function stop(until: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(until), 0, 1)
  Atomics.notify(new Int32Array(until), 0)
}

test('threads that map, split and unmap while others read never see a torn layout, and all get on', async () => {
  const until = new SharedArrayBuffer(4)
  const rounds = Array.from({ length: 4 }, () => new SharedArrayBuffer(4))
  const workers = ['change', 'change', 'read', 'read'].map((role, index) => start(role, until, rounds[index]))
  const exits = workers.map((worker) => once(worker, 'exit'))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  await untilSeen(
    () => `each thread gets on; they did ${rounds.map(roundsIn)} rounds`,
    () => rounds.every((one) => roundsIn(one) > 1000),
  )
  stop(until)
  for (const [code] of await Promise.all(exits)) assert.equal(code, 0)
})

test('a change on another thread waits for the guard, and continues after its release', async () => {
  const guard = thisProcess().mm.mmgetNotZero()!.mmapReadLock()
  const reader = start('try-read')
  await once(reader, 'message')
  const heldOff = once(reader, 'message')
  const worker = start('one-change')
  const messages: unknown[] = []
  worker.on('message', (message) => messages.push(message))
  await once(worker, 'message')
  // It holds off new readers as soon as it waits, on any thread that does not read already.
  await heldOff
  assert.deepEqual(messages, ['ready'])
  // The change that waits holds off new readers, save this thread, which reads already.
  thisProcess().mm.mmgetNotZero()!.mmapReadTrylock()!.release()
  guard.release()
  await once(worker, 'exit')
  assert.deepEqual(messages, ['ready', 'changed'])
})

test('a thread that ends, of itself or by force, releases what it held', async () => {
  const until = new SharedArrayBuffer(4)
  const willing = start('hold', until)
  const forced = start('hold')
  assert.deepEqual(await Promise.all([once(willing, 'message'), once(forced, 'message')]), [[true], [true]])
  const exits = [once(willing, 'exit'), once(forced, 'exit')]
  stop(until)
  void forced.terminate()
  await Promise.all(exits)
  // It would wait for ever.
  mapMut({ length: 4096 }).unmap()
})

test('a change gets its turn while readers come without end', async () => {
  const until = new SharedArrayBuffer(4)
  const rounds = new SharedArrayBuffer(4)
  const readers = [start('read', until, rounds), start('read', until, rounds), start('read', until, rounds)]
  await Promise.all(readers.map((reader) => once(reader, 'message')))
  // How many readers went before a change. This thread may have been put aside in some of them: not in most.
  const before = Array.from({ length: 21 }, () => {
    const began = roundsIn(rounds)
    mapMut({ length: 4096 }).unmap()
    return roundsIn(rounds) - began
  }).sort((a, b) => a - b)
  const exits = readers.map((reader) => once(reader, 'exit'))
  stop(until)
  await Promise.all(exits)
  assert.ok(before[10]! < 100, `so many readers went before a change: ${before}`)
})

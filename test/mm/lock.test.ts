import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { mapMut, thisProcess } from '#vmarea/index.js'

const file = new URL('./lock-worker.js', import.meta.url)

function start(role: string, until = new SharedArrayBuffer(4)): Worker {
  return new Worker(file, { workerData: { role, until } })
}

function stop(until: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(until), 0, 1)
  Atomics.notify(new Int32Array(until), 0)
}

test('threads that map, split and unmap while others read never see a torn layout, and all get on', async () => {
  const until = new SharedArrayBuffer(4)
  const workers = ['change', 'change', 'read', 'read'].map((role) => start(role, until))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const counts = workers.map((worker) => once(worker, 'message') as Promise<[number]>)
  await sleep(700)
  stop(until)
  for (const [count] of await Promise.all(counts)) assert.ok(count > 20, `a thread did only ${count} rounds`)
  await Promise.all(workers.map((worker) => worker.terminate()))
})

test('a change on another thread waits for the guard, and goes on after its release', async () => {
  const guard = thisProcess().mm.mmgetNotZero()!.mmapReadLock()
  const worker = start('one-change')
  const messages: unknown[] = []
  worker.on('message', (message) => messages.push(message))
  await once(worker, 'message')
  await sleep(150)
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
  const readers = [start('read', until), start('read', until), start('read', until)]
  await Promise.all(readers.map((reader) => once(reader, 'message')))
  const slowest = Math.max(
    ...Array.from({ length: 20 }, () => {
      const began = performance.now()
      mapMut({ length: 4096 }).unmap()
      return performance.now() - began
    }),
  )
  stop(until)
  await Promise.all(readers.map((reader) => once(reader, 'exit')))
  assert.ok(slowest < 2000, `a change waited ${slowest} ms`)
})

// A guard holds off every change of the layout, and a thread that is to end has changes to make. The one that holds the guard may be waiting
// for that very end, so the end comes all the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInChild, survives } from '../support/run-in-child.js'

const holdAGuard = 'globalThis.guard = thisProcess().mm.mmgetNotZero().mmapReadLock()'

/** Bytes of addresses beside those at the start: a sanitizer has shadow memory. */
const size = `
const addresses = () => Number(/VmSize:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]) * 1024
const atStart = addresses()
const size = () => addresses() - atStart
`

/** A thread that waits in `act` for the guard of the main thread: it says so before, and not after. */
const waitingThread = (act: string) => `
const state = new Int32Array(new SharedArrayBuffer(8))
const worker = startWorker(\`
  const kept = mapMut({ length: 2 ** 36, noReserve: true })
  kept.view(0, page)[0] = 1
  Atomics.store(workerData, 0, 1)
  Atomics.notify(workerData, 0)
  Atomics.wait(workerData, 1, 0)
  ${act}
  parentPort.postMessage('not held off')
\`, state)
worker.on('message', assert.fail)
await until('it has its memory', () => Atomics.load(state, 0) === 1)
${holdAGuard}
Atomics.store(state, 1, 1)
Atomics.notify(state, 1)
// A thread that waits for the write side holds off a new reader on any other thread.
const other = startWorker(\`
  const user = thisProcess().mm.mmgetNotZero()
  for (let guard; (guard = user.mmapReadTrylock()) !== undefined; ) guard.release()
\`)
await exited(other)
`

// The case sec-exit-under-a-guard.mjs.
for (const [act, name] of [
  ['mapMut({ length: page })', 'maps'],
  ['kept.unmap()', 'unmaps'],
] as const) {
  test(`process.exit under a guard ends a process in which another thread ${name}`, async () => {
    const { code, signal, stderr } = await runInChild(`${waitingThread(act)}\nprocess.exit(7)`)
    assert.deepEqual({ code, signal }, { code: 7, signal: null }, stderr)
  })
}

test('a thread that waits for a guard can be terminated under it, and its memory goes afterwards', async () => {
  await survives(`${size}
    ${waitingThread('mapMut({ length: page })')}
    await worker.terminate()
    assert.ok(size() > 2 ** 36)
    guard.release()
    mapMut({ length: page }).unmap()
    assert.ok(size() < 2 ** 36, String(size()))`)
})

test('a thread that waits for the read side, held off by a change, can be terminated', async () => {
  await survives(`${waitingThread('mapMut({ length: page })')}
    const reader = startWorker(\`
      const user = thisProcess().mm.mmgetNotZero()
      parentPort.postMessage('now')
      user.mmapReadLock()
      parentPort.postMessage('not held off')
    \`)
    await nextMessage(reader)
    reader.on('message', assert.fail)
    await reader.terminate()
    await worker.terminate()
    guard.release()
    mapMut({ length: page }).unmap()`)
})

test('memory that is collected while another thread holds a guard blocks no thread, and is unmapped later', async () => {
  await survives(`${size}
    const state = new Int32Array(new SharedArrayBuffer(8))
    const worker = startWorker(\`
      Atomics.store(workerData, 0, 1)
      Atomics.wait(workerData, 0, 1)
      ${holdAGuard}
      Atomics.store(workerData, 0, 3)
      Atomics.wait(workerData, 1, 0)
      guard.release()
    \`, state)
    await until('it has loaded the package', () => Atomics.load(state, 0) === 1)
    const collectable = () => void mapMut({ length: 2 ** 36, noReserve: true })
    collectable()
    Atomics.store(state, 0, 2)
    Atomics.notify(state, 0)
    await until('the guard is held', () => Atomics.load(state, 0) === 3)
    await settle(10)
    Atomics.store(state, 1, 1)
    Atomics.notify(state, 1)
    await exited(worker)
    await until('the memory is gone', () => { mapMut({ length: page }).unmap(); return size() < 2 ** 36 })`)
})

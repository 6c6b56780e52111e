// Buffers that are shared between threads, over memory that one of them maps: who may use them, and how long their addresses are kept.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mapMut, memfd, pageSize } from '#vmarea/index.js'
import { Machine } from '#vmarea/model.js'
import { survives } from '../support/run-in-child.js'
import { whyNoSharedBuffers } from '../support/shared-buffers.js'

const skip = whyNoSharedBuffers()

/** A Worker that has never loaded the addon answers each message: `get` and `add` of the first word, `drop` of the buffer. */
const support = `
const plainWorker = async (bytes) => {
  const source = \`
    import { parentPort } from 'node:worker_threads'
    let words
    parentPort.on('message', (message) => {
      if (message instanceof Uint8Array) words = new Int32Array(message.buffer, message.byteOffset, message.length / 4)
      else if (message === 'get') return parentPort.postMessage(Atomics.load(words, 0))
      else if (message === 'drop') words = undefined
      else for (let turn = 0; turn < message; turn++) Atomics.add(words, 0, 1)
      parentPort.postMessage('done')
    })\`
  const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(source)))
  const ask = (message) => { worker.postMessage(message); return nextMessage(worker) }
  if (bytes !== undefined) await ask(bytes)
  return { worker, ask }
}
/** The line of /proc/self/maps for the second page of a mapping. A fault puts a page of its own over the first. */
const areaOf = (start) => areaAt(start + BigInt(page))
const areaAt = (address) => fs.readFileSync('/proc/self/maps', 'latin1').trimEnd().split('\\n').find((line) => {
  const [from, to] = line.split(' ')[0].split('-').map((text) => BigInt('0x' + text))
  return from <= address && address < to
})
const file = memfd('shared-bytes-test', { size: 2 * page })
const faults = []
const { subscribe } = await import('node:diagnostics_channel')
subscribe('vmarea:fault', ({ fault }) => faults.push(fault))
`

const page = pageSize()

describe('sharedBytes', { skip, concurrency: 2 }, () => {
  test('are the same array, over the memory itself, until place or size change', () => {
    using file = memfd('same', { size: 2 * page })
    const memory = mapMut({ file, shared: true, offset: 20 })
    const shared = memory.sharedBytes
    assert.ok(shared.buffer instanceof SharedArrayBuffer)
    assert.equal(memory.sharedBytes, shared)
    shared[1] = 7
    assert.equal(memory.bytes[1], 7)
    assert.equal(shared.byteOffset, 4, 'a word of 16 bytes may begin where the file has one')
    const rest = memory.splitOff(page - 20)
    assert.equal(memory.sharedBytes.length, page - 20)
    assert.equal(rest.sharedBytes.length, page)
    const readOnly = rest.makeReadOnly()
    assert.equal(readOnly.sharedBytes.length, page)
    memory.unmap()
    readOnly.unmap()
    assert.throws(() => memory.sharedBytes, { code: 'ERR_VMAREA_UNMAPPED' })
  })

  test('let Workers that do not know the package change one word together', async () => {
    await survives(`${support}
      const memory = mapMut({ file, shared: true })
      const workers = await Promise.all([1, 2, 3].map(() => plainWorker(memory.sharedBytes)))
      await Promise.all(workers.map(({ ask }) => ask(20_000)))
      assert.equal(new DataView(memory.bytes.buffer).getInt32(0, true), 60_000)
      for (const { worker } of workers) await worker.terminate()`)
  })

  test('keep their addresses as a guarded hole after unmap, until no thread has a buffer', async () => {
    await survives(`${support}
      let shared = mapMut({ file, shared: true })
      const { start } = shared
      const { worker, ask } = await plainWorker(shared.sharedBytes)
      const other = await plainWorker(shared.sharedBytes)
      await ask(3)
      assert.equal(await other.ask('get'), 3)
      shared.unmap()
      shared = undefined
      await settle()
      assert.match(areaOf(start), / ---p /)
      const strangers = Array.from({ length: 50 }, () => mapMut({ length: 2 * page }))
      assert.ok(strangers.every((mapping) => mapping.end <= start || mapping.start >= start + BigInt(2 * page)))
      assert.equal(await ask('get'), 0)
      await ask(1)
      await until('the fault of the Worker is reported', () => faults.length > 0)
      assert.ok(faults.every(({ reason, address }) => reason === 'unmapped' && address === start), JSON.stringify(faults))
      await ask('drop')
      await worker.terminate()
      await settle()
      assert.match(areaOf(start), / ---p /, 'the other Worker has it still')
      await other.worker.terminate()
      await until('the hole is gone', () => !/ ---p /.test(areaOf(start) ?? ''))`)
  })

  test('keep memory whose handle was collected, until they are collected too', async () => {
    await survives(`${support}
      const held = () => fs.readFileSync('/proc/self/maps', 'latin1').includes('shared-bytes-test')
      let { worker, ask } = await (() => plainWorker(mapMut({ file, shared: true }).sharedBytes))()
      await settle()
      await ask(5)
      const word = new Int32Array(1)
      fs.readSync(file.fd, word, 0, 4, 0)
      assert.equal(word[0], 5)
      assert.ok(held())
      await worker.terminate()
      await until('the memory is gone', () => !held())
      assert.equal(faults.length, 0)`)
  })

  test('of a Worker that has ended are a hole for the threads that have them', async () => {
    await survives(`${support}
      const worker = startWorker(\`
        const memory = mapMut({ file: workerData, shared: true })
        memory.bytes[0] = 7
        parentPort.postMessage([memory.sharedBytes, memory.start])
        parentPort.once('message', () => process.exit())\`, file.fd)
      let [shared, start] = await nextMessage(worker)
      const other = await plainWorker(shared)
      mapMut({ length: page }).bytes[0] = 1
      assert.equal(shared[0], 7)
      worker.postMessage('end')
      await exited(worker)
      assert.equal(shared[0], 0)
      assert.equal(await other.ask('get'), 0)
      Atomics.store(shared, 5, 1)
      await until('the faults are reported', () => faults.length > 0)
      assert.match(areaOf(start), / ---p /)
      shared = undefined
      await other.worker.terminate()
      await until('the hole is gone', () => !/ ---p /.test(areaOf(start) ?? ''))`)
  })

  test('contain what the permission does not allow, also on another thread', async () => {
    await survives(`${support}
      const memory = mapMut({ file, shared: true })
      const shared = memory.sharedBytes
      const { worker, ask } = await plainWorker(shared)
      const readOnly = memory.makeReadOnly()
      await ask(1)
      await until('the fault is reported', () => faults.length > 0)
      assert.equal(faults[0].reason, 'read-only')
      assert.equal(readOnly.fault?.reason, 'read-only')
      readOnly.restore()
      assert.equal(readOnly.read(0, new Uint8Array(1))[0], 0)
      await worker.terminate()`)
  })

  test('survive their threads, whichever ends first, again and again', async () => {
    await survives(`${support}
      const areas = () => fs.readFileSync('/proc/self/maps', 'latin1').split('\\n').length
      const round = async (turn) => {
        const mapper = startWorker(\`
          const memory = mapMut({ file: workerData, shared: true })
          parentPort.postMessage(memory.sharedBytes)
          setInterval(() => { memory.sharedBytes[0] = 1; mapMut({ file: workerData, shared: true }).sharedBytes[1] = 1 })\`, file.fd)
        const shared = await nextMessage(mapper)
        const user = startWorker(\`for (;;) Atomics.add(workerData, 0, 1)\`, shared)
        await new Promise((resolve) => user.once('online', resolve))
        for (const worker of turn % 2 ? [mapper, user] : [user, mapper]) await worker.terminate()
        Atomics.add(shared, 0, 1)
      }
      await round(0)
      await settle()
      const before = areas()
      for (let turn = 1; turn <= 6; turn++) await round(turn)
      await until(() => areas() + ' areas, before ' + before, () => areas() <= before + 8)`)
  })
})

describe('sharedBytes are refused', () => {
  test('of a private mapping', () => {
    using memory = mapMut({ length: 4096 })
    assert.throws(() => memory.sharedBytes, { name: 'UsageError', code: 'ERR_VMAREA_NOT_SHARED' })
  })

  test('where Node has no function for them, with the versions that do', {
    skip: skip === false && 'this Node has',
  }, () => {
    using file = memfd('none', { size: 4096 })
    using memory = mapMut({ file, shared: true })
    assert.throws(() => memory.sharedBytes, {
      code: 'ERR_VMAREA_NO_VIEW',
      message: /22\.23, 24\.21, 26\.10.*map the same file/,
    })
  })

  test('in the model, whose memory is not of this process', () => {
    const process = new Machine().spawn()
    using file = process.memfd('none', { size: 4096 })
    using memory = process.mapMut({ file, shared: true })
    assert.throws(() => memory.sharedBytes, { code: 'ERR_VMAREA_NO_VIEW' })
  })
})

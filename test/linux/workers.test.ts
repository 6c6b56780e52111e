// Workers that load the addon, hold memory, and end in every way.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { pageSize } from '#vmarea/index.js'
import { longRuns } from '../support/long-runs.js'
import { patient } from '../support/patient.js'
import { root } from '../support/root.js'
import { survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'

const page = pageSize()

const counting = `
const held = () => fs.readFileSync('/proc/self/maps', 'latin1').split('\\n').filter((line) => line.includes(args[0])).length
const descriptors = () => fs.readdirSync('/proc/self/fd').length
`

/** What a Worker holds as it ends: maps, views, a stale view, an unanswered fault, a part of a split, work in flight. */
const holdings = `
  const mappings = [map({ file: workerData }), mapMut({ file: workerData }), map({ file: workerData, shared: true })]
  const views = mappings.map(({ bytes }) => bytes)
  const part = mappings[0].splitOff(page)
  globalThis.kept = [part, ...views, part.bytes]
  mappings[2].bytes[0] = 1
  try { mappings[1].access((bytes) => bytes[0]) } catch {}
  const gone = map({ file: workerData })
  globalThis.stale = gone.bytes
  gone.unmap()
  reserveMut({ length: 2 ** 36 }).commit(0, page)
  for (let i = 0; i < 8; i++) {
    mappings[1].populate().catch(() => {})
    mappings[1].flush().catch(() => {})
    mappings[1].readAsync(0, new Uint8Array(8 * page)).catch(() => {})
    mappings[1].writeAsync(0, new Uint8Array(8 * page)).catch(() => {})
  }
`

const ends: Record<string, string> = {
  'comes to its end': '',
  'calls process.exit': 'process.exit(0)',
  throws: 'throw new Error("mine")',
  'throws in a callback': 'setImmediate(() => { throw new Error("mine") })',
  'rejects without a handler': 'Promise.reject(new Error("mine"))',
  'is terminated as it waits': 'parentPort.postMessage("ready"); setTimeout(() => {}, 60_000)',
  'is terminated in the midst of a loop over its memory':
    'parentPort.postMessage("ready"); for (;;) mappings[1].access((bytes) => bytes.indexOf(255))',
  'is terminated in the midst of a loop of maps':
    'parentPort.postMessage("ready"); for (;;) { const m = map({ file: workerData }); m.bytes[1]; if (Math.random() < 0.5) m.unmap() }',
  'is terminated while it holds the layout for reading':
    'thisProcess().kernel.addressSpace.readLock(); parentPort.postMessage("ready"); setTimeout(() => {}, 60_000)',
}

describe('the memory of a Worker comes back when it', { concurrency: 2 }, () => {
  for (const [title, end] of Object.entries(ends)) {
    test(title, async () => {
      await survives(
        `${counting}
        const round = async () => {
          const worker = startWorker(\`${holdings}${end}\`, args[0])
          worker.on('error', () => {})
          const gone = exited(worker)
          if (${end.includes('ready')}) {
            await nextMessage(worker)
            await worker.terminate()
          }
          await gone
        }
        map({ file: args[0] }).unmap()
        const comesBack = (before) => until(
          () => held() + ' areas are held, and there are ' + descriptors() + ' descriptors of ' + before,
          () => held() === 0 && descriptors() <= before,
        )
        await round()
        await comesBack(Infinity)
        const before = descriptors()
        for (let i = 0; i < ${longRuns ? 5 : 1}; i++) await round()
        await comesBack(before)
        // The layout is free, and the guard stands.
        const mapping = map({ length: page })
        mapping.bytes[0] = 1
        assert.equal(mapping.faults, 1)`,
        { args: [temporaryFile(8 * page)] },
      )
    })
  }
})

describe('with several threads', { concurrency: 2 }, () => {
  // A page that is covered ahead would be zeros without a fault for the other thread.
  test('reading on past the end of a file is a fault for each page', async () => {
    await survives(
      `const worker = startWorker("parentPort.postMessage(1); parentPort.once('message', () => {})")
      await nextMessage(worker)
      const mapping = map({ file: args[0] })
      fs.truncateSync(args[0], page)
      const inOrder = (bytes) => { for (let at = page; at < bytes.length; at += page) bytes.at(at) }
      assert.throws(() => mapping.access(inOrder), { offset: page })
      assert.equal(mapping.faults, 1499)
      worker.postMessage('end')`,
      { args: [temporaryFile(1500 * page)] },
    )
  })

  test('each has mappings and faults of its own', async () => {
    await survives(
      `${counting}
      const workers = Array.from({ length: 4 }, (_, index) => startWorker(\`
        let caught = 0
        for (let i = 0; i < 300; i++) {
          const mapping = map({ length: 4 * page })
          try { mapping.access((bytes) => { bytes[(i % 4) * page] = 1 }) } catch (fault) {
            if (fault.offset === (i % 4) * page && fault.address === mapping.start + BigInt(fault.offset)) caught++
          }
          if (mapping.faults !== 1 || mapping.fault !== undefined) caught = -1e9
          if (i % 3) mapping.unmap()
        }
        parentPort.postMessage(caught)\`))
      const mapping = map({ length: page })
      let here = 0
      const timer = setInterval(() => {
        try { mapping.access((bytes) => { bytes[0] = 1 }) } catch { here++ }
      })
      assert.deepEqual(await Promise.all(workers.map(nextMessage)), [300, 300, 300, 300])
      clearInterval(timer)
      assert.equal(mapping.faults, here)`,
    )
  })

  test('one that holds the layout for reading holds off changes of another, and no reading', async () => {
    await survives(`
      const shared = new SharedArrayBuffer(4)
      const state = new Int32Array(shared)
      const other = startWorker(\`
        const mapping = mapMut({ length: 4 * page })
        const state = new Int32Array(workerData)
        parentPort.postMessage('mapped')
        Atomics.wait(state, 0, 0)
        mapping.write(0, new Uint8Array(page).fill(1))
        mapping.access((bytes) => bytes[0])
        Atomics.store(state, 0, 2)
        Atomics.notify(state, 0)
        mapping.unmap()
        Atomics.store(state, 0, 3)
        Atomics.notify(state, 0)\`, shared)
      await nextMessage(other)
      const { addressSpace } = thisProcess().kernel
      addressSpace.readLock()
      Atomics.store(state, 0, 1)
      Atomics.notify(state, 0)
      assert.notEqual(Atomics.wait(state, 0, 1, ${patient(60_000)}), 'timed-out')
      assert.equal(Atomics.load(state, 0), 2)
      assert.equal(Atomics.wait(state, 0, 2, 200), 'timed-out')
      addressSpace.readUnlock()
      assert.notEqual(Atomics.wait(state, 0, 2, ${patient(60_000)}), 'timed-out')
      assert.equal(Atomics.load(state, 0), 3)
      await exited(other)`)
  })

  test('memory files carry bytes from one thread to another', async () => {
    await survives(`
      const file = memfd('between', { size: page })
      const mapping = mapMut({ file, shared: true })
      const worker = startWorker(\`
        const mapping = mapMut({ file: workerData, shared: true })
        mapping.bytes.set([1, 2, 3])
        parentPort.postMessage('written')\`, file.fd)
      await nextMessage(worker)
      assert.deepEqual([...mapping.view(0, 3)], [1, 2, 3])
      await exited(worker)
      mapping.bytes[0] = 9`)
  })
})

test('the guard outlives the Worker that was the only one to load it', () => {
  const source = `
    import { Worker, isMainThread, parentPort } from 'node:worker_threads'
    const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(\`
      import { map } from '${import.meta.resolve('#vmarea/index.js')}'
      const mapping = map({ length: 4096 })
      mapping.bytes[0] = 1
      if (mapping.faults !== 1) process.exit(3)
    \`)))
    const code = await new Promise((resolve) => worker.once('exit', resolve))
    // (module (memory 1) (func (export "load") (param i32) (result i32) local.get 0 i32.load))
    const { exports: { load } } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1,
      7, 8, 1, 4, 108, 111, 97, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11,
    ])))
    try { load(0x7fffffff) } catch (error) { console.log(code, error instanceof WebAssembly.RuntimeError) }`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: root,
    encoding: 'utf8',
    timeout: patient(120_000),
  })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, '0 true\n')
})

test('a fault of the only Worker that loaded the guard is contained where the main thread listens for its signal', () => {
  const source = `
    import { Worker } from 'node:worker_threads'
    import { once } from 'node:events'
    const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(\`
      import { parentPort } from 'node:worker_threads'
      import { map } from '${import.meta.resolve('#vmarea/index.js')}'
      process.removeAllListeners('warning')
      const mapping = map({ length: 4096 })
      const { bytes } = mapping
      parentPort.postMessage('mapped')
      parentPort.once('message', () => {
        bytes[0] = 1
        parentPort.postMessage(mapping.faults)
      })
    \`)))
    await once(worker, 'message')
    process.on('SIGSEGV', () => {})
    process.on('SIGBUS', () => {})
    const exit = once(worker, 'exit')
    worker.postMessage('go')
    const [faults] = await once(worker, 'message')
    const [code] = await exit
    console.log(faults, code)
    process.exit()`
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: root,
    encoding: 'utf8',
    timeout: patient(120_000),
    killSignal: 'SIGKILL',
  })
  assert.deepEqual([status, signal], [0, null], stderr)
  assert.equal(stdout, '1 0\n')
})

describe('the process ends as it says', { concurrency: 2 }, () => {
  const file = temporaryFile(8 * page)
  const exits: Record<string, string> = {
    'with process.exit, work in flight': 'process.on("exit", () => console.log("alive")); process.exit(0)',
    'with Workers that hold memory': `
      const worker = startWorker(\`${holdings} parentPort.postMessage(1); setTimeout(() => {}, 60_000)\`, args[0])
      await nextMessage(worker)
      process.on("exit", () => console.log("alive"))
      process.exit(0)`,
    'with a stale view and a fault that nobody answered for':
      'globalThis.more = map({ length: page }); more.bytes[0] = 1',
  }
  for (const [title, end] of Object.entries(exits)) {
    test(title, async () => {
      await survives(`const workerData = args[0]\n${holdings}\n${end}`, { args: [file] })
    })
  }
})

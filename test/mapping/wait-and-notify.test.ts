// Threads and processes that wait for a word of memory which they share, and how such a wait ends.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runInChild, survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'
import { withoutSystemCall } from '../support/without-system-call.js'
import { skipWithoutCompiler } from '../userfaultfd/skip.js'

const support = `
const file = memfd('wait-and-notify', { size: 2 * page })
const memory = mapMut({ file, shared: true })
const words = new Int32Array(memory.bytes.buffer)
/** Waits for the word in a loop, as programs do, and sends how each wait ended. */
const waiterSource = \`
  const memory = map({ file: workerData.fd, shared: true })
  parentPort.postMessage('begins')
  const ended = memory.wait(workerData.offset, 0, workerData.options)
  parentPort.postMessage(ended)\`
const startWaiter = (offset, options) => startWorker(waiterSource, { fd: file.fd, offset, options })
/** Notifies until so many have been woken: a Worker that has just begun may not sleep yet. */
const wake = async (offset, count, most = Infinity) => {
  let woken = 0
  await until(() => woken + ' of ' + count + ' were woken', () => (woken += memory.notify(offset, Math.min(most, count - woken))) >= count)
  assert.equal(woken, count)
}
const threads = () => fs.readdirSync('/proc/self/task').map((id) => {
  try { return fs.readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim() } catch { return '' }
}).filter((name) => name === 'vmarea-wait').length
`

describe('waits for a word', { concurrency: 2 }, () => {
  test('of Workers end by notify, which wakes as many as it says', async () => {
    await survives(`${support}
      const workers = [4, 4, 4].map((offset) => startWaiter(offset))
      const messages = workers.map((worker) => new Promise((resolve) => worker.on('message', (m) => m !== 'begins' && resolve(m))))
      await wake(4, 1, 1)
      await wake(4, 2)
      assert.deepEqual(await Promise.all(messages), ['ok', 'ok', 'ok'])
      assert.equal(memory.notify(4), 0)`)
  })

  test('end by a change of the word and notify, whichever side is first', async () => {
    await survives(`${support}
      const worker = startWorker(\`
        const memory = mapMut({ file: workerData, shared: true })
        const words = new Int32Array(memory.bytes.buffer)
        for (let turn = 0; turn < 2000; turn++) {
          while (Atomics.load(words, 0) === turn) memory.wait(0, turn)
          Atomics.store(words, 1, turn + 1)
          memory.notify(4)
        }
        parentPort.postMessage('done')\`, file.fd)
      const done = nextMessage(worker)
      for (let turn = 0; turn < 2000; turn++) {
        Atomics.store(words, 0, turn + 1)
        memory.notify(0)
        while (Atomics.load(words, 1) === turn) await memory.waitAsync(4, turn)
      }
      assert.equal(await done, 'done')`)
  })

  test('of a Worker end in time, when their time is up', async () => {
    await survives(`${support}
      const begin = performance.now()
      assert.equal(memory.wait(0, 0, { timeout: 250 }), 'timed-out')
      assert.ok(performance.now() - begin >= 249)
      const worker = startWaiter(0, { timeout: 10 })
      let last
      worker.on('message', (message) => { last = message })
      await exited(worker)
      assert.equal(last, 'timed-out')`)
  })

  test('do not keep a Worker from being terminated', async () => {
    await survives(`${support}
      const worker = startWaiter(0)
      await nextMessage(worker)
      await worker.terminate()
      assert.equal(memory.notify(0), 0)`)
  })

  test('do not keep the process from ending by process.exit()', async () => {
    const { code, stderr } = await runInChild(`${support}
      const worker = startWaiter(0)
      await nextMessage(worker)
      memory.waitAsync(4, 0).catch(() => {})
      process.exit(7)`)
    assert.equal(code, 7, stderr)
  })

  test('keep the event loop alive, as other work does, and end it once they have ended', async () => {
    await survives(`${support}
      const worker = startWorker(\`
        const memory = mapMut({ file: workerData, shared: true })
        memory.waitAsync(0, 0).then((ended) => parentPort.postMessage(ended))\`, file.fd)
      const message = nextMessage(worker)
      await wake(0, 1)
      assert.equal(await message, 'ok')
      await exited(worker)`)
  })

  test('of a Worker that ends leave no thread and no memory', async () => {
    await survives(`${support}
      const held = () => fs.readFileSync('/proc/self/maps', 'latin1').split('wait-and-notify').length - 1
      const before = held()
      for (const end of ['process.exit()', 'throw new Error("mine")']) {
        const worker = startWorker(\`
          const memory = mapMut({ file: workerData, shared: true })
          for (let turn = 0; turn < 5; turn++) memory.waitAsync(0, 0).catch(() => {})
          \${end}\`, file.fd)
        worker.on('error', () => {})
        await exited(worker)
      }
      await until(() => threads() + ' threads', () => threads() === 0)
      await until(() => held() + ' areas', () => held() === before)
      assert.equal(memory.notify(0), 0)`)
  })

  test('of waitAsync hold none of the threads that Node has for files and names', async () => {
    await survives(`${support}
      const controller = new AbortController()
      // More than the threads for calls that end.
      const waits = Array.from({ length: 100 }, () => memory.waitAsync(0, 0, { signal: controller.signal }))
      const ended = Promise.allSettled(waits)
      const { readFile } = await import('node:fs/promises')
      assert.ok((await readFile('package.json')).length > 0)
      await new Promise((resolve, reject) => import('node:dns').then(({ lookup }) => lookup('127.0.0.1', (error) => error ? reject(error) : resolve())))
      assert.ok((await memory.readAsync(0, new Uint8Array(8))).length === 8)
      controller.abort(new Error('mine'))
      assert.ok((await ended).every(({ reason }) => reason.message === 'mine'))
      await until(() => threads() + ' threads', () => threads() === 0)`)
  })

  test('end with an error when a resize moves the memory away', async () => {
    await survives(`
      const memory = mapMut({ length: page, shared: true })
      const { start } = memory
      const wait = memory.waitAsync(0, 0).catch(({ code }) => code)
      // What stands behind it must give way.
      const blocker = memory.end
      let room
      try { room = mapMut({ length: page, address: blocker, fixed: 'noreplace' }) } catch {}
      try { memory.resize(64 * page) } catch ({ code }) { assert.equal(code, 'EFAULT') }
      if (memory.start === start) memory.unmap()
      assert.equal(await wait, 'ERR_VMAREA_UNMAPPED')`)
  })

  test('of another process end by notify, and a process that is killed in one leaves nothing', async () => {
    const path = temporaryFile(4096)
    await survives(
      `
      const { spawn } = await import('node:child_process')
      const memory = mapMut({ file: args[0], shared: true, writable: true })
      const words = new Int32Array(memory.bytes.buffer)
      words.fill(0)
      const source = "import { map } from 'vmarea'; const memory = map({ file: process.argv[1], shared: true });"
        + "process.stdout.write('begins\\\\n'); console.log(memory.wait(0, 0))"
      const start = () => spawn(process.execPath, ['--input-type=module', '--eval', source, args[0]], { stdio: ['ignore', 'pipe', 'inherit'] })
      const child = start()
      let text = ''
      child.stdout.on('data', (data) => { text += data })
      const closed = new Promise((resolve) => child.once('close', resolve))
      await until('the child is woken', () => memory.notify(0) === 1)
      assert.equal(await closed, 0)
      assert.equal(text, 'begins\\nok\\n')
      const killed = start()
      await new Promise((resolve) => killed.stdout.once('data', resolve))
      const gone = new Promise((resolve) => killed.once('close', (_code, signal) => resolve(signal)))
      killed.kill('SIGKILL')
      assert.equal(await gone, 'SIGKILL')
      assert.equal(memory.notify(0), 0)`,
      { args: [path] },
    )
  })
})

describe('where the kernel can not wait for two words at once', { skip: skipWithoutCompiler() }, () => {
  test('waitAsync ends by notify, by a signal, by its time and by unmap all the same', async (context) => {
    const filter = withoutSystemCall('449', 38)
    context.after(() => filter.remove())
    await survives(
      `${support}
      assert.equal(await memory.waitAsync(0, 0, { timeout: 50 }), 'timed-out')
      const controller = new AbortController()
      const aborted = memory.waitAsync(0, 0, { signal: controller.signal }).catch(({ message }) => message)
      controller.abort(new Error('mine'))
      assert.equal(await aborted, 'mine')
      const notified = memory.waitAsync(4, 0)
      words[1] = 1
      memory.notify(4)
      assert.equal(await notified, 'ok')
      const unmapped = memory.waitAsync(8, 0).catch(({ code }) => code)
      memory.unmap()
      assert.equal(await unmapped, 'ERR_VMAREA_UNMAPPED')`,
      { through: [filter.path] },
    )
  })
})

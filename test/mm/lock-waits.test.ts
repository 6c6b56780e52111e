import { test } from 'node:test'
import { survives } from '../support/run-in-child.js'
import { skipWithout } from '../userfaultfd/skip.js'

const skip = skipWithout('poison', 'thread_id')

/** A Worker that makes a call on memory whose pages the main thread serves, and says what came of it. */
const waiter = (act: string) => `
const PAGES = 4
const uffd = vmarea.Userfaultfd.create({ features: ['thread_id'] })
const startWaiter = async () => {
  const worker = startWorker(\`
    const memory = mapMut({ length: 4 * page })
    parentPort.once('message', async () => {
      ${act}
      parentPort.postMessage('done')
    })
    parentPort.postMessage(memory.start)
  \`)
  worker.on('error', (error) => { throw error })
  const start = await nextMessage(worker)
  uffd.register(start, PAGES * page)
  const said = nextMessage(worker)
  said.catch(() => {})
  const waiting = uffd.unanswered().threads.length
  worker.postMessage('now')
  await until('it waits for a page', () => uffd.unanswered().threads.length > waiting)
  return { worker, start, said }
}
`

for (const act of [
  'memory.lock()',
  "memory.advise('populate_write')",
  'thisProcess().kernel.calls.mlock2(memory.start, 4 * page, 0)',
]) {
  test(`while a thread waits in ${act} for a page, the server of the page can map memory`, { skip }, async () => {
    await survives(`${waiter(act)}
      const { start, said } = await startWaiter()
      const other = mapMut({ length: page })
      other.write(0, new Uint8Array([1]))
      uffd.zero(start, PAGES * page)
      assert.equal(await said, 'done')
      other.unmap()`)
  })

  test(`a Worker that waits in ${act} for a page that nobody answers ends by terminate, and others wait on`, {
    skip,
  }, async () => {
    await survives(`${waiter(act)}
      const other = await startWaiter()
      const { worker } = await startWaiter()
      assert.equal(await worker.terminate(), 1)
      mapMut({ length: page }).unmap()
      uffd.zero(other.start, PAGES * page)
      assert.equal(await other.said, 'done')`)
  })
}

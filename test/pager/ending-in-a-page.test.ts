// A thread of the program waits without a limit for a page that a driver never gives, and is to end: it ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { runInChild } from '../support/run-in-child.js'
import { whyWithout } from '../userfaultfd/why-without.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const PAGES = 2048
const page = pageSize()

interface SilentOptions {
  asked: Int32Array
  pages: number
}

const never = driverUrl(({ asked, pages }: SilentOptions) => ({
  size: pages * page,
  mmap() {},
  fault() {
    Atomics.add(asked, 0, 1)
    return new Promise<void>((resolve) => setTimeout(resolve, 2 ** 30))
  },
}))

const loops = driverUrl(({ asked, pages }: SilentOptions) => ({
  size: pages * page,
  mmap() {},
  fault() {
    Atomics.add(asked, 0, 1)
    // It sleeps in between, and leaves the processor to other tests.
    for (;;) Atomics.wait(asked, 0, 1, 10)
  },
}))

// Workers that open a device of their own, one after another: each is terminated while it waits, and the last one ends with the process.
const scenario = `
const [source, end, ...steps] = args
for (const [index, step] of steps.entries()) {
  const [touch, url] = JSON.parse(step)
  const asked = new Int32Array(new SharedArrayBuffer(4))
  const worker = startWorker(\`
    const { url, source, asked, touch } = workerData
    const device = await vmarea.openDevice(url, { source, driver: { asked, pages: ${PAGES} }, timeout: Infinity })
    const mapping = device.map()
    const file = memfd('out', { size: page }).fd
    for (;;) {
      if (touch === 'once') mapping.bytes[0]
      if (touch === 'all') mapping.bytes.indexOf(1)
      if (touch === 'lock') mapping.lock()
      if (touch === 'populate') mapping.advise('populate_read')
      if (touch === 'call') fs.writeSync(file, mapping.bytes, 0, page)
    }
  \`, { url, source, asked, touch })
  await until('it waits', () => Atomics.load(asked, 0) > 0)
  if (index < steps.length - 1) assert.equal(await worker.terminate(), 1)
  else if (end === 'exit') process.exit(7)
  else worker.unref()
}
process.exitCode = 7
`

async function endsIn(source: string, end: string, steps: (readonly [touch: string, url: string])[]): Promise<void> {
  const args = [source, end, ...steps.map((step) => JSON.stringify(step))]
  const { code, signal, stderr } = await runInChild(scenario, { args })
  assert.deepEqual({ code, signal }, { code: 7, signal: null }, stderr)
}

eachSource({ ...vmarea, alike: true }, ({ source, skip }) => {
  const lasts = { 'never answers': ['once', never], 'loops for ever': ['once', loops] } as const
  for (const [end, name] of [
    ['exit', 'never answers'],
    ['natural end', 'loops for ever'],
  ] as const) {
    test(
      `a thread that waits without a limit for a driver that ${name} ends by ${end}, others before it by terminate`,
      {
        skip,
      },
      () => endsIn(source, end, [...Object.values(lasts).filter((last) => last !== lasts[name]), lasts[name]]),
    )
  }

  test(
    'a thread that waits in lock() or advise() for a page without a limit ends by terminate, and with the process',
    { skip },
    () =>
      endsIn(source, 'exit', [
        ['lock', never],
        ['populate', never],
        ['lock', loops],
      ]),
  )

  test(`a thread that is to end waits for no further page, in one call over ${PAGES} of them`, { skip }, () =>
    endsIn(source, 'exit', [['all', never]]),
  )
})

// Through the other sources the call fails with EFAULT.
for (const end of ['exit', 'natural end']) {
  test(
    `a thread that waits for a page within a system call ends with the process, by ${end}`,
    {
      skip: whyWithout(vmarea.Userfaultfd, ['missing_shmem', 'minor_shmem', 'wp_hugetlbfs_shmem', 'poison']),
    },
    () => endsIn('userfaultfd', end, [['call', never]]),
  )
}

const ownServer = `
const [reads] = args
const uffd = vmarea.Userfaultfd.create({ features: ['thread_id'] })
const startWaiter = async () => {
  const worker = startWorker(\`
    const memory = mapMut({ length: page })
    parentPort.once('message', () => parentPort.postMessage(memory.bytes[0]))
    parentPort.postMessage(memory.start)
  \`)
  const start = await nextMessage(worker)
  uffd.register(start, page)
  const seen = nextMessage(worker)
  seen.catch(() => {})
  const waiting = uffd.unanswered().threads.length
  worker.postMessage('touch')
  await until('it waits', () => uffd.unanswered().threads.length > waiting)
  return { worker, start, seen }
}
const other = await startWaiter()
const waiter = await startWaiter()
const readAll = () => {
  while (uffd.readEvent() !== undefined);
}
if (reads === 'reads') readAll()
assert.equal(await waiter.worker.terminate(), 1)
// The other thread still waits for its answer.
if (reads === 'leaves') {
  let event
  await until('its fault comes again', () => (event = uffd.readEvent()) !== undefined)
  assert.equal(event.address, other.start)
}
uffd.copy(other.start, page, new Uint8Array(page).fill(5))
assert.equal(await other.seen, 5)
assert.equal(uffd.unanswered().read.length, 0)
await startWaiter()
if (reads === 'reads') readAll()
process.exit(7)
`

for (const reads of ['reads', 'leaves']) {
  test(`a thread whose fault a program ${reads} and does not answer ends by terminate and exit, and others wait on`, {
    skip: whyWithout(vmarea.Userfaultfd, ['poison', 'thread_id']),
  }, async () => {
    const { code, signal, stderr } = await runInChild(ownServer, { args: [reads] })
    assert.deepEqual({ code, signal }, { code: 7, signal: null }, stderr)
  })
}

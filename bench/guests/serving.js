// Guests of a stand-in monitor, served by this package beside a handler in C and beside a monitor that maps the memory file itself.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileSource, httpSource, listenForGuests, zeroSource } from '../../dist/guests.js'
import { Monitor, program } from '../support/guests/monitor.js'
import { serveFile } from '../support/guests/object-server.js'
import { median, paired } from '../support/paired.js'

const PAGE = 4096
const PAGES = 32768 // 128 MiB
const SET = 2000
/** Rounds of the checksum of each page that the guest touches: about 40 microseconds. */
const CHECKSUMS = 64
const ROUNDS = Number(process.env.VMAREA_BENCH_ROUNDS ?? 7)
const ALL = `regions=${PAGES}`
let sockets = 0

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-guests-'))
  const memory = join(folder, 'memory')
  writeFileSync(memory, Buffer.alloc(PAGES * PAGE, 7))
  try {
    const rows = []
    for (const cpu of availableParallelism() > 1 ? [0, 1] : [0]) rows.push(...(await oneFault(memory, cpu)))
    unpin()
    rows.push(...(await everything(memory)), await firstAnswer(memory))
    rows.push(...(await replay(memory, join(folder, 'set'))))
    rows.push(await removals(memory), ...(await manyGuests()), await takeOver(memory, join(folder, 'state')))
    rows.push(await death())
    return rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A handler with a source that is open before the first monitor comes. */
async function handlerOf(source, options = {}) {
  const path = `@vmarea-bench-${process.pid}-${sockets++}`
  const guests = await listenForGuests(path, options)
  await guests.prepare(source)
  return {
    /** Serves one monitor, and measures it. */
    async served(serveOptions, look) {
      const started = performance.now()
      const monitor = new Monitor(path, ALL)
      try {
        for await (const guest of guests) {
          await guest.serve(source, serveOptions)
          return await look(monitor, { guest, guests, started })
        }
      } finally {
        await monitor.end()
      }
    },
    close: () => guests.close(),
  }
}

/** Serves one monitor by a handler of its own. */
async function served(source, serveOptions, look, options = {}) {
  const handler = await handlerOf(source, options)
  try {
    return await handler.served(serveOptions, look)
  } finally {
    await handler.close()
  }
}

async function oneFault(memory, cpu) {
  const source = fileSource(memory)
  const socket = `@vmarea-bench-${process.pid}-floor-${cpu}`
  const floor = spawn('taskset', ['-c', cpu, program('bench/support/guests/handler.c'), socket, memory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(floor.stdout, 'data')
  const touches = async (monitor) => {
    const first = await monitor.ask('latency', 0, 200, 1)
    return { first, next: await monitor.ask('latency', 1000, 8000, 2) }
  }
  const ours = () =>
    served(source, { around: PAGE }, (monitor) => {
      pin(cpu)
      return touches(monitor)
    })
  const theirs = async () => {
    const monitor = new Monitor(socket, ALL)
    const times = await touches(monitor)
    await monitor.end()
    return times
  }
  const samples = [[], []]
  for (let round = 0; round <= ROUNDS; round++) {
    const pair = [await ours(), await theirs()]
    if (round === 0) continue // warm-up
    for (const [index, times] of pair.entries()) samples[index].push(times)
  }
  floor.kill()
  const where = cpu === 0 ? 'on the same CPU' : 'on another CPU'
  const figure = (name, of, target) => {
    const [mine, c] = samples.map((all) => median(all.map(of)) / 1000)
    const ratio = median(samples[0].map((times, index) => of(times) / of(samples[1][index])))
    return row(`one fault of a guest, 4 KiB, handler ${where}, ${name} (µs)`, mine, c, target, ratio)
  }
  return [
    figure('p50 of the first 200', ({ first }) => first.p50, '<= 1.1'),
    figure('p50 of the next 8,000', ({ next }) => next.p50, '<= 1.1'),
    figure('p99 of the next 8,000', ({ next }) => next.p99, '<= 1.5'),
  ]
}

async function everything(memory) {
  const source = fileSource(memory)
  const compare = async (name, target, words, others = words) => {
    const ours = () => served(source, { around: 65536 }, async (monitor) => (await monitor.ask(...words)).total / 1e6)
    const theirs = async () => {
      const monitor = new Monitor('@', ALL, `file=${memory}`)
      const { total } = await monitor.ask(...others)
      await monitor.end()
      return total / 1e6
    }
    const { measured, floor, ratio } = await paired(ours, theirs, ROUNDS)
    return row(`${name} (ms)`, measured, floor, target, ratio)
  }
  const [read, write] = [
    ['latency', 0, PAGES, 0],
    ['dirty', 0, PAGES],
  ]
  const all = 'all of 128 MiB, 64 KiB around'
  return [
    // A virtual machine's processor faults each page of such a map, as a write does.
    await compare(`write to ${all}, beside a private map of the file`, '<= 1', write),
    // A read outside of a virtual machine finds sixteen pages of the page cache mapped a fault, and copies none. A userfaultfd fills memory of the
    // monitor's own, so that the floor of a read is one copy of all bytes.
    await compare(`read ${all}, beside a copy of the file to fresh memory of the monitor`, undefined, read, [
      'copy',
      0,
      PAGES,
    ]),
    await compare(`read ${all}, beside a private map of the file, which copies nothing`, undefined, read),
  ]
}

async function firstAnswer(memory) {
  const source = fileSource(memory)
  const ours = () =>
    served(source, {}, async (monitor, { started }) => {
      await monitor.ask('check', 0, 1)
      return performance.now() - started
    })
  const theirs = async () => {
    const started = performance.now()
    const monitor = new Monitor('@', ALL, `file=${memory}`)
    await monitor.ask('check', 0, 1)
    const time = performance.now() - started
    await monitor.end()
    return time
  }
  const { measured, floor } = await paired(ours, theirs, 2 * ROUNDS)
  return {
    work: 'start of a monitor to its first page, beside a private map (ms; difference)',
    measured,
    floor,
    ratio: measured - floor,
    target: '<= 10',
  }
}

/** The guest reads runs of eight pages at random places and makes a checksum of each. */
async function replay(memory, record) {
  const source = fileSource(memory)
  const work = async (monitor) => (await monitor.ask('work', 0, PAGES, 3, SET, CHECKSUMS)).total / 1e6
  await served(source, { around: PAGE, record }, work)
  await untilExists(record)
  const inMemory = () =>
    served(source, {}, async (monitor, { guest }) => {
      await guest.prefetchAll()
      return work(monitor)
    })
  const replayed = () => served(source, { around: PAGE, prefetch: record }, work)
  const recorded = () => served(source, { around: PAGE }, work)
  const first = await paired(replayed, inMemory, ROUNDS)
  const without = await paired(recorded, inMemory, ROUNDS)

  const set = { ...JSON.parse(readFileSync(record, 'utf8')), identity: null }
  // A handler serves one guest after another: its thread for the source stands, and both handlers are warm.
  const overHttp = async (manyRanges) => {
    const server = await serveFile(memory, { manyRanges })
    const [web, file] = [await handlerOf(httpSource({ url: server.url })), await handlerOf(source)]
    const replayedBy = (handler) => handler.served({ around: PAGE, prefetch: set }, work)
    const pair = await paired(
      () => replayedBy(web),
      () => replayedBy(file),
      ROUNDS,
    )
    await web.close()
    await file.close()
    await server.close()
    return pair
  }
  const [second, third] = [await overHttp(true), await overHttp(false)]
  const pages = `${SET} pages, 8 a place`
  return [
    row(
      `work on ${pages}, recorded set replayed, beside all in memory (ms)`,
      first.measured,
      first.floor,
      '<= 1.2',
      first.ratio,
    ),
    row(`the same without a set (ms)`, without.measured, without.floor, undefined, without.ratio),
    row(
      `the same, set replayed over http on loopback, beside the file (ms)`,
      second.measured,
      second.floor,
      '<= 1.5',
      second.ratio,
    ),
    row(
      `the same, from a server that has one range a request (ms)`,
      third.measured,
      third.floor,
      undefined,
      third.ratio,
    ),
  ]
}

/** Two threads of the guest read pages while its balloon drops them: a removed page must read as zeros, and no read may hang. */
async function removals(memory) {
  const found = []
  for (const removed of ['zero', 'unregister']) {
    const look = (monitor) => monitor.ask('race', 0, 4096, 1000, 1)
    found.push(await served(fileSource(memory), { removed }, look))
  }
  const old = found.reduce((sum, { old, left }) => sum + old + left, 0)
  return row('1,000 removals of pages that are read meanwhile, twice: old bytes that were read', old, 0, '0', undefined)
}

async function manyGuests() {
  const count = 100
  const path = `@vmarea-bench-${process.pid}-many`
  const source = zeroSource(PAGES * PAGE)
  const guests = await listenForGuests(path)
  await guests.prepare(source)
  const before = await residentBytes()
  const monitors = Array.from({ length: count }, () => new Monitor(path, ALL))
  let taken = 0
  for await (const guest of guests) {
    await guest.serve(source)
    if (++taken === count) break
  }
  const answers = await Promise.all(monitors.map((monitor) => monitor.ask('check', 0, 64)))
  const lost = answers.filter(({ zero }) => zero !== 64).length
  const each = ((await residentBytes()) - before) / count / 2 ** 20
  await Promise.all(monitors.map((monitor) => monitor.end()))
  await guests.close()
  return [
    row(`${count} guests at one path: lost`, lost, 0, '0', undefined),
    row(`${count} guests at one path: memory of the handler a guest (MiB)`, each, undefined, '<= 3', undefined),
  ]
}

async function takeOver(memory, state) {
  const source = fileSource(memory)
  const times = []
  for (let round = 0; round < ROUNDS; round++) {
    const look = async (monitor, { guest, guests }) => {
      await monitor.ask('check', 0, PAGES / 2)
      await guest.close()
      const waiting = monitor.ask('check', PAGES / 2, 1)
      const started = performance.now()
      const next = await guests.takeOver({ pid: monitor.pid, state })
      await next.serve(source)
      await waiting
      return performance.now() - started
    }
    times.push(await served(source, {}, look, { onFailure: 'wait', state }))
  }
  return row(
    'taking over a guest of 128 MiB, to the answer of the fault that waited (ms)',
    median(times),
    undefined,
    '< 100',
    undefined,
  )
}

async function death() {
  const times = []
  for (let round = 0; round < ROUNDS; round++) {
    const look = async (monitor, { guest }) => {
      const started = performance.now()
      monitor.child.kill('SIGKILL')
      await guest.closed
      return performance.now() - started
    }
    times.push(await served(zeroSource(PAGES * PAGE), {}, look))
  }
  return row('from the death of a monitor to guest.closed (ms)', median(times), undefined, '<= 50', undefined)
}

function row(work, measured, floor, target, ratio) {
  return { work, measured, floor, ratio, target }
}

/** After what the collector can free: the bytes of this process, those of files that it maps left out. */
async function residentBytes() {
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]) * 1024
}

/** Runs the thread that serves on this CPU. */
function pin(cpus) {
  for (const thread of readdirSync('/proc/self/task')) {
    if (readFileSync(`/proc/self/task/${thread}/comm`, 'latin1').startsWith('vmarea-guests')) {
      execFileSync('taskset', ['-pc', String(cpus), thread], { stdio: 'ignore' })
    }
  }
}

function unpin() {
  pin(`0-${availableParallelism() - 1}`)
}

async function untilExists(path) {
  for (;;) {
    try {
      return readFileSync(path)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())

// A real Firecracker, restored over this package, over a handler in C and over its own file backend. It runs with --firecracker PATH, and
// throws where the guest's memory is not what it was.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileSource, listenForGuests } from '../../dist/guests.js'
import { Firecracker } from '../support/guests/firecracker.js'
import { program } from '../support/guests/monitor.js'
import { median } from '../support/paired.js'

const PAGES = 32768 // that the guest filled: 128 MiB
const ROUNDS = Number(process.env.VMAREA_BENCH_ROUNDS ?? 5)
const firecracker = process.env.VMAREA_FIRECRACKER
const handlerProgram = `
  import { fileSource, listenForGuests } from ${JSON.stringify(import.meta.resolve('../../dist/guests.js'))}
  const [path, memory, onFailure, keeper, state] = process.argv.slice(1)
  const guests = await listenForGuests(path, { onFailure, keeper: keeper === 'true', ...(state ? { state } : {}) })
  console.log('ready')
  for await (const guest of guests) await guest.serve(fileSource(memory))`

export async function run() {
  if (firecracker === undefined) {
    console.log('no Firecracker: give its path with --firecracker PATH')
    return []
  }
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-firecracker-'))
  const snapshot = { state: join(folder, 'state'), memory: join(folder, 'memory') }
  try {
    const sum = await Firecracker.snapshot(firecracker, snapshot)
    return [
      ...(await figures(snapshot, folder)),
      await checksums(snapshot, folder, sum),
      await balloon(snapshot, folder),
      ...(await deadHandlers(snapshot, folder, sum)),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Restores a guest over this package, and looks at it. */
async function restored({ state, memory }, folder, serveOptions, look, restoreOptions) {
  const path = join(folder, 'guests')
  const source = fileSource(memory)
  const guests = await listenForGuests(path)
  await guests.prepare(source)
  const taken = (async () => {
    for await (const guest of guests) {
      await guest.serve(source, serveOptions)
      return guest
    }
  })()
  const monitor = await Firecracker.restore(
    firecracker,
    state,
    { backend_type: 'Uffd', backend_path: path },
    restoreOptions,
  )
  try {
    return await look(monitor, await taken)
  } finally {
    await monitor.end()
    await guests.close()
  }
}

async function overFile({ state, memory }, look) {
  const monitor = await Firecracker.restore(firecracker, state, { backend_type: 'File', backend_path: memory })
  try {
    return await look(monitor)
  } finally {
    await monitor.end()
  }
}

/** Nanoseconds a cycle of the guest's clock. */
async function cycleOf(monitor) {
  const [[begin], started] = [await monitor.ask('clock'), performance.now()]
  await new Promise((resolve) => setTimeout(resolve, 100))
  const [[end], ended] = [await monitor.ask('clock'), performance.now()]
  return ((ended - started) * 1e6) / (end - begin)
}

async function figures(snapshot, folder) {
  const socket = join(folder, 'handler')
  const handler = spawn(program('bench/support/guests/handler.c'), [socket, snapshot.memory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(handler.stdout, 'data')
  const start = async (monitor) => {
    await monitor.ask('clock')
    return performance.now() - monitor.loading
  }
  const random = async (monitor) => {
    const cycle = await cycleOf(monitor)
    const [first] = await monitor.ask('touch', 0, 200, 17)
    const [next] = await monitor.ask('touch', 0, 2000, 99)
    return [first, next].map((cycles) => (cycles * cycle) / 1000)
  }
  const all = async (monitor) => {
    const cycle = await cycleOf(monitor)
    const [, cycles] = await monitor.ask('touch', 0, PAGES, 0)
    return (cycles * cycle) / 1e6
  }
  const overC = async (look) => {
    const { state } = snapshot
    const backend = { backend_type: 'Uffd', backend_path: socket }
    const monitor = await Firecracker.restore(firecracker, state, backend)
    try {
      return await look(monitor)
    } finally {
      await monitor.end()
    }
  }
  const samples = { start: [], random: [], all: [] }
  for (let round = 0; round <= ROUNDS; round++) {
    const sample = {
      start: [await restored(snapshot, folder, {}, start), await overFile(snapshot, start)],
      random: [await restored(snapshot, folder, { around: 4096 }, random), await overC(random)],
      all: [await restored(snapshot, folder, { around: 65536 }, all), await overFile(snapshot, all)],
    }
    if (round === 0) continue // it warms up
    for (const name of Object.keys(samples)) samples[name].push(sample[name])
  }
  handler.kill()
  const touch = (name, index) =>
    compare(
      `Firecracker: one touch of a page, 4 KiB, p50 of ${name} (µs)`,
      samples.random.map(([ours, theirs]) => [ours[index], theirs[index]]),
      '<= 1.1',
    )
  const started = compare(
    'Firecracker: load to the first answer, beside its file backend (ms; difference)',
    samples.start,
  )
  return [
    touch('the first 200', 0),
    touch('the next 2,000', 1),
    compare('Firecracker: touch all of 128 MiB, 64 KiB around, beside its file backend (ms)', samples.all, '<= 1'),
    { ...started, ratio: started.measured - started.floor, target: '<= 10' },
  ]
}

async function checksums(snapshot, folder, sum) {
  const ways = [{}, { around: 4096 }, { around: 2 << 20 }, { prefetch: 'all' }]
  for (const way of ways) {
    await restored(snapshot, folder, way, async (monitor) => same(await monitor.ask('sum'), sum))
  }
  return row('Firecracker: checksums that were wrong, 4 restores', 0, 0, '0')
}

/** The guest reads pages while its balloon drops them. */
async function balloon(snapshot, folder) {
  let old = 0
  for (const removed of ['zero', 'unregister']) {
    await restored(snapshot, folder, { removed }, async (monitor, guest) => {
      for (let first = 0; first < 8192; first += 1024) {
        await monitor.ask('touch', first, 512, 0) // half of them are there
        old += (await monitor.ask('drop', first, 1024))[0]
      }
      old += (await monitor.ask('check', 0, 8192))[1]
      if (guest.statistics.removals === 0) throw new Error('no removal came')
    })
  }
  return row('Firecracker: pages that its balloon dropped and that read as something else, of 16,384', old, 0, '0')
}

/** The handler is killed while the guest reads its memory. */
async function deadHandlers({ state, memory }, folder, sum) {
  const begin = async (onFailure, keeper, stateFile = '') => {
    const path = join(folder, `guests-${onFailure}`)
    const args = ['--input-type=module', '--eval', handlerProgram, '--', path, memory, onFailure, keeper, stateFile]
    const handler = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(handler.stdout, 'data')
    const monitor = await Firecracker.restore(firecracker, state, { backend_type: 'Uffd', backend_path: path })
    await monitor.ask('touch', 0, 1000, 0)
    handler.kill('SIGKILL')
    await once(handler, 'exit')
    return monitor
  }
  const times = []
  for (const onFailure of ['poison', 'kill']) {
    const monitor = await begin(onFailure, true)
    const started = performance.now()
    monitor.ask('sum').catch(() => {})
    const { code, signal } = await monitor.ended
    times.push(performance.now() - started)
    // Firecracker ends with 149 at a SIGBUS of its processor.
    if (onFailure === 'poison' ? code !== 149 : signal !== 'SIGKILL') throw new Error(`it ended with ${code ?? signal}`)
    await monitor.end()
  }
  const stateFile = join(folder, 'guests-state')
  const monitor = await begin('wait', false, stateFile)
  const waiting = monitor.ask('sum')
  const guests = await listenForGuests(join(folder, 'guests-next'))
  const started = performance.now()
  const guest = await guests.takeOver({ pid: monitor.pid, state: stateFile })
  await guest.serve(fileSource(memory))
  const time = performance.now() - started
  same(await waiting, sum)
  await monitor.end()
  await guests.close()
  return [
    row(
      'Firecracker: from the death of its handler to its own by the keeper (ms)',
      Math.max(...times),
      undefined,
      undefined,
    ),
    row('Firecracker: taken over after the death of its handler, checksum right (ms)', time, undefined, '< 100'),
  ]
}

function same([found], expected) {
  if (found !== expected) throw new Error(`the checksum is ${found}, and was ${expected}`)
}

function compare(work, pairs, target) {
  const [measured, floor] = [0, 1].map((index) => median(pairs.map((pair) => pair[index])))
  return row(work, measured, floor, target, median(pairs.map(([ours, theirs]) => ours / theirs)))
}

function row(work, measured, floor, target, ratio) {
  return { work, measured, floor, ratio, target }
}

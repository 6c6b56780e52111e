// An object on a server of this machine, read through the device http: the bytes fetched and the time, beside a plain fetch.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openDevice } from '../../dist/index.js'
import { loadFloor } from '../support/load-floor.js'
import { median, paired } from '../support/paired.js'

const PAGE = 4096
const MIB = 2 ** 20
const LINK_RATE = 100e6 // bits a second
const LINK_ROUND_TRIP = 20 // milliseconds
const DRIVER = new URL('../../dist/devices/http.js', import.meta.url)

export async function run() {
  return [await randomReads(64 * MIB), ...(await inOrder(256 * MIB)), await overSlowLink(64 * MIB)]
}

/** One page in a hundred, in no order, with runs of one page. */
async function randomReads(size) {
  const server = await serve(size)
  const device = await openDevice(DRIVER, { driver: { url: server.url }, run: PAGE })
  const memory = device.map()
  const target = new Uint8Array(PAGE)
  const pages = size / PAGE
  const touched = new Set()
  while (touched.size < pages / 100) touched.add(Math.floor(Math.random() * pages))
  const before = await server.sent()
  for (const page of touched) memory.read(page * PAGE, target)
  const fetched = (await server.sent()) - before
  memory.unmap()
  await device.close()
  server.end()
  const floor = touched.size * PAGE
  return {
    work: 'random reads of 4 KiB, 1 % of 64 MiB: bytes fetched',
    measured: fetched,
    floor,
    ratio: fetched / floor,
    target: '<= 1.2',
  }
}

/**
 * The device beside a plain fetch of the whole; and what a page takes beyond a fetch and the making of the pages, which a C thread does that
 * fills a userfaultfd from memory.
 */
async function inOrder(size) {
  const server = await serve(size)
  const pages = loadFloor(new URL('../support/device/floor.c', import.meta.url))
  const rounds = []
  for (let round = -1; round < 5; round++) {
    const times = [
      await throughDevice(server.url, size),
      await throughFetch(server.url, size),
      makingPages(pages, size),
    ]
    if (round >= 0) rounds.push(times)
  }
  server.end()
  const [device, fetched, made] = [0, 1, 2].map((index) => median(rounds.map((times) => times[index])))
  const beyond = median(rounds.map((times) => ((times[0] - times[1] - times[2]) * 1000) / (size / PAGE)))
  return [
    {
      work: 'read 256 MiB in order, beside a plain fetch of the whole (ms; ratio of speeds)',
      measured: device,
      floor: fetched,
      ratio: median(rounds.map((times) => times[1] / times[0])),
      target: 'none',
    },
    {
      work: 'the same, a page beyond a fetch and making pages',
      measured: `${beyond.toFixed(2)} µs`,
      floor: `${fetched.toFixed(0)} + ${made.toFixed(0)} ms, a fetch and a C thread`,
      target: '<= 1 µs',
    },
  ]
}

/** Milliseconds in which a C thread fills as many pages, and this one reads them. */
function makingPages(floor, size) {
  const start = floor.open(size, 4 * MIB, -1)
  const time = floor.scan(start, size) / 1e6
  floor.close()
  return time
}

/** Both through one relay process, which adds the time and limits the rate. */
async function overSlowLink(size) {
  const server = await serve(size)
  const link = fork(
    fileURLToPath(new URL('../support/device/slow-link.js', import.meta.url)),
    [server.port, LINK_RATE, LINK_ROUND_TRIP],
    {
      execArgv: [],
    },
  )
  const [{ port }] = await once(link, 'message')
  const url = `http://127.0.0.1:${port}/object`
  const { measured, floor, ratio } = await paired(
    () => throughDevice(url, size),
    () => throughFetch(url, size),
    3,
  )
  link.disconnect()
  server.end()
  const work = 'read 64 MiB in order over a link of 100 Mbit/s and 20 ms, beside a plain fetch (ms; ratio of speeds)'
  return { work, measured, floor, ratio: 1 / ratio, target: '>= 0.95' }
}

/** Milliseconds. */
async function throughDevice(url, size) {
  const device = await openDevice(DRIVER, { driver: { url }, run: { least: PAGE, most: 4 * MIB } })
  const memory = device.map()
  const target = new Uint8Array(MIB)
  const started = performance.now()
  for (let offset = 0; offset < size; offset += MIB) memory.read(offset, target)
  const time = performance.now() - started
  memory.unmap()
  await device.close()
  return time
}

/** Milliseconds. */
async function throughFetch(url, size) {
  const target = new Uint8Array(MIB)
  const started = performance.now()
  let read = 0
  for await (const chunk of (await fetch(url)).body) {
    target.set(chunk.subarray(0, MIB))
    read += chunk.length
  }
  if (read !== size) throw new Error(`${read} bytes came`)
  return performance.now() - started
}

async function serve(size) {
  const child = fork(fileURLToPath(new URL('../support/device/object-server.js', import.meta.url)), [String(size)], {
    execArgv: [],
  })
  const [{ port }] = await once(child, 'message')
  const sent = async () => {
    child.send('sent')
    const [answer] = await once(child, 'message')
    return answer.sent
  }
  return { port, url: `http://127.0.0.1:${port}/object`, sent, end: () => child.disconnect() }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())

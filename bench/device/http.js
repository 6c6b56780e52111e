// An object on a server of this machine, read through the device http: how much is fetched, and how fast, beside a plain fetch.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openDevice } from '../../dist/index.js'
import { paired } from '../support/paired.js'

const PAGE = 4096
const MIB = 2 ** 20
const DRIVER = new URL('../../dist/devices/http.js', import.meta.url)

export async function run() {
  return [await randomReads(64 * MIB), await sequential(256 * MIB)]
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

async function sequential(size) {
  const server = await serve(size)
  const target = new Uint8Array(MIB)
  const ours = async () => {
    const device = await openDevice(DRIVER, { driver: { url: server.url }, run: { least: PAGE, most: 4 * MIB } })
    const memory = device.map()
    const started = performance.now()
    for (let offset = 0; offset < size; offset += MIB) memory.read(offset, target)
    const time = performance.now() - started
    memory.unmap()
    await device.close()
    return time
  }
  const plain = async () => {
    const started = performance.now()
    let read = 0
    for await (const chunk of (await fetch(server.url)).body) {
      target.set(chunk.subarray(0, MIB))
      read += chunk.length
    }
    if (read !== size) throw new Error(`${read} bytes came`)
    return performance.now() - started
  }
  const { measured, floor, ratio } = await paired(ours, plain, 5)
  server.end()
  const work = 'read 256 MiB in order, beside a plain fetch of the whole (ms; ratio of speeds)'
  return { work, measured, floor, ratio: 1 / ratio, target: '>= 0.7' }
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
  return { url: `http://127.0.0.1:${port}/object`, sent, end: () => child.disconnect() }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())

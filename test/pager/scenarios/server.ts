// A Worker that serves the faults of a memory file through the guard: page number n of the file gets the byte fill(n).
import { ftruncateSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { GuardSource } from '#vmarea/pager/source/guard-source.js'
import { kernel, page } from '../../userfaultfd/own-kernel.js'
import { fill } from './fill.js'

export interface ServerData {
  descriptor: number
  start: number
  length: number
  protection: number
  guardMarkers: boolean
  notifyWrites?: boolean
  timeout?: number
  /** Takes faults and never answers. */
  mute?: boolean
  /** Fails each page whose number this divides, once. */
  failEach?: number
  /** Throws at the fault with this number. */
  throwAt?: number
  /** Fills each page once: the program writes to them. */
  once?: boolean
  /** Fills and shows so many pages at once. */
  run?: number
  /** Maps and unmaps memory before each answer. */
  maps?: boolean
  /** Shows a page that is past the end of the file, which ends here, without filling it. */
  end?: number
  /** Counts what was asked of this thread, and the faults that it has served. */
  turns?: Int32Array
}

/** What a `take` gave: page numbers of the file. */
export interface Seen {
  page: number
  write: boolean
  firstWrite: boolean
}

const data = workerData as ServerData
const source = new GuardSource({ timeout: data.timeout ?? Number.POSITIVE_INFINITY, guardMarkers: data.guardMarkers })
const seen: Seen[] = []
const failed = new Set<number>()
const filled = new Set<number>()
let served = 0
let stopped = false
source.watch(data.start, data.length, data.protection, data.notifyWrites ?? false)
/** Where the file is mapped, from its first page on. */
const maps = [{ start: data.start, length: data.length }]
parentPort!.on('message', ({ method, args }: { method: string; args: never[] }) => {
  if (method === 'stop') stopped = true
  else if (method === 'also') {
    const [start, length] = args as unknown as [number, number]
    source.watch(start, length, data.protection, data.notifyWrites ?? false)
    maps.push({ start, length })
    parentPort!.postMessage(0)
  } else if (method === 'grown') {
    maps[0]!.length += args[0]!
    parentPort!.postMessage(0)
  } else if (method === 'seen') parentPort!.postMessage(seen.splice(0))
  else
    parentPort!.postMessage((source as unknown as Record<string, (...all: never[]) => unknown>)[method]!(...args) ?? 0)
  countTurn()
})
parentPort!.postMessage({ id: source.id, markers: source.usesGuardMarkers })

while (!stopped) {
  let count = source.take(5)
  while (count > 0) {
    for (let index = 0; index < count; index++) {
      serve(source.address(index), source.isWrite(index), source.isFirstWrite(index))
      countTurn()
    }
    count = source.take(1)
  }
  await sleep(0)
}
source.close()
parentPort!.postMessage({ served })
parentPort!.close()

function serve(address: number, write: boolean, firstWrite: boolean): void {
  const map = maps.find(({ start, length }) => address >= start && address < start + length)!
  const number = (address - map.start) / page
  if (served++ === data.throwAt) throw new Error('the server failed')
  if (seen.length < 1000) seen.push({ page: number, write, firstWrite })
  if (data.mute) return
  if (data.maps) kernel.calls.munmap(kernel.calls.mmap(0n, page, 0, 0x22, -1, 0), page)
  if (data.failEach !== undefined && number % data.failEach === 0 && !failed.has(number)) {
    failed.add(number)
    source.fail(address, page)
    return
  }
  // A page that is only written now is there, and the next ones may not be.
  const run = firstWrite ? 1 : Math.min(data.run ?? 1, map.length / page - number)
  for (let next = number; next < number + run && !firstWrite; next++) {
    if (data.once && filled.has(next)) continue
    filled.add(next)
    if (data.end !== undefined && next >= data.end) ftruncateSync(data.descriptor, data.end * page)
    else writeSync(data.descriptor, bytesOf(next), 0, page, next * page)
  }
  const answer = source.show(address, run * page, !data.notifyWrites || write)
  if (answer < 0) throw new Error(`show: ${answer}`)
}

function countTurn(): void {
  if (data.turns === undefined) return
  Atomics.add(data.turns, 0, 1)
  Atomics.notify(data.turns, 0)
}

function bytesOf(number: number): Uint8Array {
  return new Uint8Array(page).fill(fill(number))
}

import assert from 'node:assert/strict'
import type { Random } from '../differential/random.js'
import {
  type Device,
  type FaultSourceName,
  MemoryFault,
  MmapMut,
  openDevice,
  pageSize,
  VmError,
} from '../published/index.js'
import { patient } from '../support/patient.js'
import { describeMap, type SoakedMap } from './soaked-map.js'
import { ENDS, versionedDriver } from './versioned-driver.js'

const PAGE = pageSize()
const MOST_MAPS = 4
const MOST_READERS = 8

/** So many of the last actions are told with a failure. */
const TOLD = 12

/** One device under the soak, with what everyone must find in it. */
export class SoakedDevice {
  reads = 0
  refused = 0
  readonly #random: Random
  readonly #device: Device
  readonly #pages: number
  readonly #limit: number
  readonly #flaky: boolean
  /** The version that the driver gives now. */
  readonly #versions: Int32Array
  /** The version that is surely not older than what anybody sees. */
  readonly #settled: Int32Array
  readonly #control: Int32Array
  readonly #maps: SoakedMap[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #last: string[] = []
  readonly #character: string
  /** Why a touch may fail now. */
  #failing = false
  #wrong: unknown

  static async open(random: Random, source: FaultSourceName): Promise<SoakedDevice> {
    const pages = 64 + random.below(960)
    const limited = random.chance(40)
    const limit = limited ? (32 + random.below(96)) * PAGE : Number.POSITIVE_INFINITY
    const failing = random.chance(30) ? 5 + random.below(40) : 0
    const slow = random.chance(60) ? 1 + random.below(10) : 0
    const versions = new Int32Array(new SharedArrayBuffer(pages * 4)).fill(1)
    const control = new Int32Array(new SharedArrayBuffer(4))
    const device = await openDevice(versionedDriver, {
      source,
      driver: { pages, versions, control, failing, slow },
      run: { most: (1 + random.below(12)) * PAGE },
      residentLimit: limit,
      timeout: 60_000,
    })
    const character = `${pages} pages, ${limit} bytes at most, of ${failing} fills one fails, of ${slow} one is slow`
    return new SoakedDevice(random, device, { pages, limit, flaky: failing > 0, character, versions, control })
  }

  private constructor(
    random: Random,
    device: Device,
    state: {
      pages: number
      limit: number
      flaky: boolean
      character: string
      versions: Int32Array
      control: Int32Array
    },
  ) {
    this.#random = random
    this.#device = device
    this.#pages = state.pages
    this.#character = state.character
    this.#limit = state.limit
    this.#flaky = state.flaky
    this.#versions = state.versions
    this.#settled = state.versions.slice()
    this.#control = state.control
  }

  /** Does something. Returns 1 where that was an end of its thread, and a beginning. */
  async act(): Promise<number> {
    this.#check()
    const random = this.#random
    if (this.#maps.length === 0) this.#map()
    const action = random.weighted([
      [30, () => this.#read()],
      [40, () => this.#readLater()],
      [10, () => this.#write()],
      [8, () => this.#invalidate()],
      [4, () => this.#ready()],
      [4, () => this.#map()],
      [3, () => this.#unmap()],
      [2, () => this.#rest()],
      [1, () => this.#restart()],
    ] as const)
    return (await action()) ?? 0
  }

  async close(): Promise<void> {
    this.#note('close')
    this.#failing = true
    const refused = this.#random.chance(10)
      ? assert.rejects(this.#device.restart(), { code: 'ERR_VMAREA_DEVICE_CLOSED' })
      : undefined
    await this.#device.close()
    await Promise.all([...this.#running, refused])
    this.#check()
    for (const { memory } of this.#maps.splice(0)) memory.unmap()
  }

  /** What it is, what it shows, and what was done with it last: for the report of a failure. */
  toString(): string {
    const { statistics } = this.#device
    const counts = JSON.stringify({ ...statistics, latency: undefined })
    return [
      `${this.#device}: ${this.#character}, ${counts}`,
      ...this.#maps.map(describeMap),
      `  last: ${this.#last.join('; ')}`,
    ].join('\n')
  }

  #note(action: string): void {
    this.#last.push(action)
    if (this.#last.length > TOLD) this.#last.shift()
  }

  #check(): void {
    if (this.#wrong !== undefined) throw this.#wrong
  }

  #map(): void {
    if (this.#maps.length >= MOST_MAPS) return
    const random = this.#random
    const first = random.below(this.#pages - 1)
    const pages = 1 + random.below(this.#pages - first)
    const shared = random.chance(50)
    const range = { offset: first * PAGE, length: pages * PAGE, shared }
    const memory =
      !shared && random.chance(60) ? this.#device.map({ ...range, protection: 'write' }) : this.#device.map(range)
    this.#maps.push({ memory, first, pages, shared, own: new Map(), readers: 0 })
    this.#note(`map pages ${first} to ${first + pages}`)
  }

  #unmap(): void {
    const at = this.#maps.findIndex(({ readers }) => readers === 0)
    if (at < 0) return
    const [map] = this.#maps.splice(at, 1)
    this.#note(`unmap pages ${map!.first} to ${map!.first + map!.pages}`)
    map!.memory.unmap()
  }

  #read(): void {
    const map = this.#random.pick(this.#maps)
    const at = this.#random.below(map.pages)
    const least = this.#settled[map.first + at]!
    this.#note(`read page ${map.first + at}`)
    this.#mayFail(() => {
      const copy = new Int32Array(PAGE / 4)
      if (this.#random.chance(50)) map.memory.read(at * PAGE, copy)
      else
        map.memory.access((bytes) => void new Uint8Array(copy.buffer).set(bytes.subarray(at * PAGE, (at + 1) * PAGE)))
      this.#checkPage(map, at, copy, least)
    })
  }

  #readLater(): void {
    const map = this.#random.pick(this.#maps)
    if (this.#running.size >= MOST_READERS) return
    const first = this.#random.below(map.pages)
    const count = 1 + this.#random.below(Math.min(8, map.pages - first))
    const least = this.#settled.slice(map.first + first, map.first + first + count)
    const own = new Map(map.own)
    map.readers++
    const what = `pages ${map.first + first} to ${map.first + first + count}`
    this.#note(`have ${what} read on another thread`)
    const reading = (async () => {
      try {
        const copy = new Int32Array((count * PAGE) / 4)
        await map.memory.readAsync(first * PAGE, copy)
        for (let index = 0; index < count; index++) {
          // What was written meanwhile may be in it, or not.
          if (own.get(first + index) !== map.own.get(first + index)) continue
          const words = copy.subarray((index * PAGE) / 4, ((index + 1) * PAGE) / 4)
          this.#checkPage(map, first + index, words, least[index]!)
        }
      } catch (error) {
        if (!this.#isExpected(error)) this.#wrong ??= new Error(`reading ${what} on another thread`, { cause: error })
      } finally {
        map.readers--
      }
    })()
    this.#running.add(reading)
    reading.finally(() => this.#running.delete(reading))
  }

  #write(): void {
    const map = this.#random.pick(this.#maps)
    const { memory } = map
    if (!(memory instanceof MmapMut)) return
    const at = this.#random.below(map.pages)
    const byte = this.#random.below(256)
    this.#note(`write page ${map.first + at}`)
    this.#mayFail(() => {
      memory.access((bytes) => bytes.fill(byte, at * PAGE, at * PAGE + 8))
      map.own.set(at, { byte, version: map.own.get(at)?.version })
    })
  }

  // What is told to be new before the old is taken away can't be seen old once it was.
  async #invalidate(): Promise<void> {
    const first = this.#random.below(this.#pages)
    const count = 1 + this.#random.below(Math.min(32, this.#pages - first))
    this.#note(`invalidate pages ${first} to ${first + count}`)
    for (let page = first; page < first + count; page++) Atomics.add(this.#versions, page, 1)
    await this.#device.invalidate(first * PAGE, count * PAGE)
    for (let page = first; page < first + count; page++) this.#settled[page] = this.#versions[page]!
  }

  async #ready(): Promise<void> {
    const first = this.#random.below(this.#pages)
    const most = Math.min(24, this.#pages - first)
    const [offset, length] = [first * PAGE, (1 + this.#random.below(most)) * PAGE]
    this.#note(`have ${length / PAGE} pages from ${first} on ready`)
    if (this.#random.chance(50)) {
      this.#device.prefetch(offset, length)
      return
    }
    try {
      await this.#device.ready(offset, length)
    } catch (error) {
      if (!this.#isExpected(new MemoryFaultOf(error))) throw error
    }
  }

  // Nothing happens, and then nothing waits and no more is in memory than may be.
  async #rest(): Promise<void> {
    this.#note('rest')
    await Promise.all(this.#running)
    this.#check()
    for (let patience = 0; this.#device.statistics.waiting > 0; patience++) {
      assert.ok(patience < patient(60_000), `somebody waits: ${this.#device.statistics.waiting}`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const { bytesResident } = this.#device.statistics
    assert.ok(bytesResident <= this.#limit, `${bytesResident} bytes are in memory, and ${this.#limit} may be`)
  }

  async #restart(): Promise<number> {
    const how = this.#random.below(ENDS.length)
    this.#note(`restart${how === 0 ? '' : `, after ${ENDS[how]}`}`)
    this.#failing = true
    Atomics.store(this.#control, 0, how)
    for (let round = this.#random.below(30); round > 0; round--) {
      // Whoever reads on this thread would wait for as long as the driver may take.
      this.#readLater()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    Atomics.store(this.#control, 0, 0)
    await Promise.all(Array.from({ length: this.#random.chance(20) ? 2 : 1 }, () => this.#device.restart()))
    await Promise.all(this.#running)
    this.#failing = false
    this.#check()
    assert.equal(this.#device.state, 'serving')
    return 1
  }

  #mayFail(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!this.#isExpected(error)) throw error
    }
  }

  #isExpected(error: unknown): boolean {
    const isFault = (error instanceof MemoryFault && error.reason === 'driver') || error instanceof MemoryFaultOf
    if (!isFault || !(error.cause instanceof VmError)) return false
    this.refused++
    if (this.#failing) return true
    return this.#flaky && error.cause.cause instanceof Error && error.cause.cause.message === 'bad luck'
  }

  #checkPage(map: SoakedMap, at: number, words: Int32Array, least: number): void {
    this.reads++
    const page = map.first + at
    const own = map.own.get(at)
    const seen = new Set<number>()
    if (own !== undefined) {
      const written = Math.imul(own.byte, 0x01010101)
      assert.deepEqual([words[0], words[1]], [written, written], `what was written to page ${page}`)
    }
    for (let word = own === undefined ? 0 : 2; word < words.length; word += 2) {
      const version = words[word]!
      const sum = Math.imul(page * 1024 + word + 1, 0x9e3779b1) ^ version
      if (words[word + 1] !== sum)
        assert.fail(`page ${page}, word ${word}: ${version} with ${words[word + 1]} for ${sum}`)
      seen.add(version)
    }
    // A copy that takes its time may find a page old, and then new; one that is a map's own is all of one.
    if (own !== undefined) {
      assert.equal(seen.size, 1, `page ${page} is its map's own, and of versions ${[...seen]}`)
      own.version ??= [...seen][0]!
      assert.ok(seen.has(own.version), `page ${page} is its map's own, and has changed`)
      return
    }
    for (const version of seen) {
      const most = this.#versions[page]!
      assert.ok(version >= least && version <= most, `page ${page} is of version ${version}, not ${least} to ${most}`)
    }
  }
}

/** What `ready` rejects with, as a fault has it for its cause. */
class MemoryFaultOf {
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

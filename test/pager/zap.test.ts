// Pages are taken away while many threads read them: each read gives what the driver gave, whole, and nobody waits for ever.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../differential/random.js'
import * as vmarea from '../published/index.js'
import { type Device, type Mmap, pageSize, thisProcess } from '../published/index.js'
import { seed } from '../support/seed.js'
import { checkVersions } from './support/check-versions.js'
import { eachSource } from './support/each-source.js'
import { writeInVain } from './support/write-in-vain.js'
import { DOES, zappingDriver } from './support/zapping-driver.js'

const page = pageSize()
const PAGES = 48
const READERS = 6
const ENOUGH_READS = 800
const ENOUGH_ROUNDS = 60
const random = new Random(seed)

interface Versions {
  readonly versions: Int32Array
  readonly settled: Int32Array
}

/** What `read` finds in the page is of a version that it may find. */
function checked(memory: Mmap, { versions, settled }: Versions, read: (words: Int32Array, page: number) => void): void {
  const number = random.below(PAGES)
  const least = Atomics.load(settled, number)
  const words = new Int32Array(page / 4)
  read(words, number)
  checkVersions(words, number, least, Atomics.load(versions, number))
  assert.equal(memory.fault, undefined)
}

/** Pages are read as a program does, which also writes to them in vain, and on threads of the pool, until there were enough reads and enough `rounds` of something else. */
async function readWhile(maps: readonly Mmap[], known: Versions, rounds: () => number): Promise<void> {
  let reads = 0
  const over = () => reads >= ENOUGH_READS && rounds() >= ENOUGH_ROUNDS
  const onThisThread = async () => {
    while (!over()) {
      const memory = random.pick(maps)
      if (random.chance(30)) writeInVain(memory, random.below(PAGES * page))
      checked(memory, known, (words, number) =>
        memory.access((bytes) => {
          const there = new Int32Array(bytes.buffer, bytes.byteOffset + number * page, page / 4)
          for (let at = 0; at < words.length; at++) words[at] = there[at]!
        }),
      )
      reads++
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const onAnother = async () => {
    while (!over()) {
      const memory = random.pick(maps)
      const count = 1 + random.below(4)
      const first = random.below(PAGES - count + 1)
      const least = Array.from({ length: count }, (_, index) => Atomics.load(known.settled, first + index))
      const words = new Int32Array((count * page) / 4)
      await memory.readAsync(first * page, words)
      for (let index = 0; index < count; index++) {
        const one = words.subarray((index * page) / 4, ((index + 1) * page) / 4)
        checkVersions(one, first + index, least[index]!, Atomics.load(known.versions, first + index))
      }
      reads++
    }
  }
  await Promise.all([onThisThread(), ...Array.from({ length: READERS }, onAnother)])
}

eachSource({ ...vmarea, alike: true }, ({ openDevice, skip }) => {
  const using = async (
    { run, ownPages = false }: { readonly run: number; readonly ownPages?: boolean },
    act: (device: Device, maps: readonly Mmap[], known: Versions & { readonly control: Int32Array }) => Promise<void>,
  ) => {
    const versions = new Int32Array(new SharedArrayBuffer(PAGES * 4)).fill(1)
    const settled = new Int32Array(new SharedArrayBuffer(PAGES * 4)).fill(1)
    const control = new Int32Array(new SharedArrayBuffer(8))
    const driver = { pages: PAGES, seed, versions, settled, control, ownPages }
    await using device = await openDevice(zappingDriver, { driver, run, timeout: 120_000 })
    using shared = device.map({ shared: true })
    using own = device.map()
    await act(device, [shared, own], { versions, settled, control })
    // Nobody zaps what is about to be unmapped: the driver has rested when it has answered.
    Atomics.store(control, 0, DOES.NOTHING)
    await device.invalidate(0, page)
    assert.equal(device.statistics.failures, 0)
    assert.equal(device.statistics.waiting, 0)
  }

  for (const run of [page, 4 * page]) {
    test(`a driver invalidates pages, ${run / page} at once, while they are read`, { skip }, async () => {
      await using({ run }, async (_, maps, known) => {
        Atomics.store(known.control, 0, DOES.INVALIDATE)
        await readWhile(maps, known, () => Atomics.load(known.control, 1))
      })
    })
  }

  test('a driver zaps its maps, with pages of its own in them, while they are read', { skip }, async () => {
    await using({ run: page, ownPages: true }, async (_, maps, known) => {
      Atomics.store(known.control, 0, DOES.ZAP)
      await readWhile(maps, known, () => Atomics.load(known.control, 1))
      for (let number = 0; number < PAGES; number += 2) assert.equal(known.versions[number], 1)
    })
  })

  test('the program invalidates: a read that begins afterwards sees nothing old', { skip }, async () => {
    await using({ run: 4 * page }, async (device, maps, known) => {
      let rounds = 0
      let over = false
      const invalidating = (async () => {
        while (!over) {
          const count = 1 + random.below(8)
          const first = random.below(PAGES - count)
          for (let number = first; number < first + count; number++) Atomics.add(known.versions, number, 1)
          await device.invalidate(first * page, count * page)
          for (let number = first; number < first + count; number++) known.settled[number] = known.versions[number]!
          rounds++
        }
      })()
      try {
        await readWhile(maps, known, () => rounds)
      } finally {
        over = true
        await invalidating
      }
    })
  })

  test('the program discards and zaps its maps: it reads the same again', { skip }, async () => {
    await using({ run: 2 * page, ownPages: true }, async (device, maps, known) => {
      using mm = thisProcess().mm
      const user = mm.mmgetNotZero()!
      let rounds = 0
      let over = false
      const discarding = (async () => {
        while (!over) {
          const memory = random.pick(maps)
          const count = 1 + random.below(8)
          const first = random.below(PAGES - count)
          if (random.chance(50)) memory.advise('dontneed', first * page, count * page)
          else {
            using guard = user.mmapReadLock()
            const address = memory.start + BigInt(first * page)
            guard.vmaLookup(address)!.zapPageRangeSingle(address, page)
          }
          rounds++
          await new Promise((resolve) => setImmediate(resolve))
        }
      })()
      try {
        await readWhile(maps, known, () => rounds)
      } finally {
        over = true
        await discarding
      }
      for (const version of known.versions) assert.equal(version, 1)
      const { fills } = device.statistics
      assert.ok(fills > 0)
    })
  })
})

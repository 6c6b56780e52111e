import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { seed } from '../support/seed.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

/** Each page has its number in all of its words. */
const numbered = driverUrl(() => ({
  mmap() {},
  fault(fault) {
    const words = new Uint32Array(fault.bytes.buffer, fault.bytes.byteOffset, fault.bytes.length / 4)
    for (let at = 0; at < words.length; at++) words[at] = Math.floor((fault.offset + at * 4) / page)
  },
}))

let state = seed
const random = (below: number) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state % below
}

eachSource(vmarea, ({ openDevice, skip }) => {
  for (const shared of [false, true]) {
    test(`a ${shared ? 'shared' : 'private'} device stays within its limit, and each page is what it was`, {
      skip,
    }, async () => {
      const limit = 64 * page
      await using device = await openDevice(numbered, { residentLimit: limit, run: { most: 4 * page } })
      using memory = device.map({ length: 1024 * page, shared })
      const words = new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.length / 4)
      for (let round = 0; round < 4000; round++) {
        const number = round % 3 === 0 ? random(16) : random(1024)
        assert.equal(words[(number * page) / 4 + random(page / 4)], number)
        if (round % 100 === 0) assert.ok(device.statistics.bytesResident <= limit, `${device.statistics.bytesResident}`)
      }
      assert.ok(device.statistics.bytesDropped > 0)
    })
  }

  test('what is used all the time stays, and what was used once goes', { skip }, async () => {
    await using device = await openDevice(numbered, { residentLimit: 64 * page, run: page })
    using memory = device.map({ length: 4096 * page })
    const words = new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.length / 4)
    let fillsOfHot = 0
    for (let at = 16; at < 2000; at++) {
      const before = device.statistics.fills
      for (let hot = 0; hot < 16; hot++) assert.equal(words[(hot * page) / 4], hot)
      if (at > 16) fillsOfHot += device.statistics.fills - before
      assert.equal(words[(at * page) / 4], at)
    }
    assert.equal(fillsOfHot, 0)
  })

  test('what a program wrote into a private map stays, whatever is dropped', { skip }, async () => {
    await using device = await openDevice(numbered, { residentLimit: 32 * page, run: page })
    using memory = device.map({ length: 512 * page }).makeMut()
    const words = new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.length / 4)
    for (let at = 0; at < 512; at += 3) words[(at * page) / 4] = 1_000_000 + at
    for (let at = 0; at < 512; at++) assert.equal(words[(at * page) / 4], at % 3 === 0 ? 1_000_000 + at : at)
  })

  test('readers on many threads read right bytes while pages are dropped and invalidated', { skip }, async () => {
    await using device = await openDevice(numbered, { residentLimit: 48 * page, run: { most: 4 * page } })
    using memory = device.map({ length: 256 * page, shared: true })
    let reads = 0
    const reader = async () => {
      const target = new Uint32Array((3 * page) / 4)
      for (let round = 0; round < 40; round++) {
        const first = random(253)
        await memory.readAsync(first * page, target)
        for (let at = 0; at < target.length; at += 97) assert.equal(target[at], first + Math.floor((at * 4) / page))
        reads++
      }
    }
    let over = false
    const invalidating = (async () => {
      while (!over) await device.invalidate(random(240) * page, 16 * page)
    })()
    await Promise.all(Array.from({ length: 6 }, reader))
    over = true
    await invalidating
    assert.equal(reads, 240)
    assert.equal(device.statistics.waiting, 0)
    assert.equal(device.statistics.failures, 0)
  })

  test('more than the limit can not be made ready', { skip }, async () => {
    await using device = await openDevice(numbered, { residentLimit: 32 * page, run: page })
    await assert.rejects(device.ready(0, 33 * page), { code: 'ENOMEM' })
    await device.ready(0, 32 * page)
    assert.equal(device.statistics.bytesResident, 32 * page)
  })
})

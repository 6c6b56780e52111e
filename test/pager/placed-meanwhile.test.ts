// A driver places and zaps pages in areas that the program is just unmapping: what is mapped there next is nobody's but its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Area } from '#vmarea/kernel/area.js'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { survives } from '../support/run-in-child.js'
import { seed } from '../support/seed.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

/** Puts pages into its areas all the time, and takes them away, as long as it knows of no unmap. */
const placing = driverUrl(({ rounds, seed }: { rounds: Int32Array; seed: number }, host) => {
  const areas = new Set<Area>()
  const inserted = host.allocatePage()
  inserted.bytes.fill(0xdd)
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const act = (area: Area) => {
    const number = BigInt(random(16))
    try {
      if (random(3) > 0) area.insertPage(area.start + number * BigInt(page), inserted)
      else area.zap(area.start, 16 * page)
    } catch (error) {
      const { code } = error as { code: string }
      if (code === 'ERR_VMAREA_STALE') areas.delete(area)
      else if (code !== 'EBUSY' && code !== 'EFAULT') throw error
    }
  }
  const turn = () => {
    // Long enough without a word from the program that it has unmapped what is here.
    for (let count = 0; count < 200; count++) for (const area of areas) act(area)
    Atomics.add(rounds, 0, 1)
    setTimeout(turn, 0)
  }
  turn()
  return {
    size: 16 * page,
    mmap(area) {
      area.changeFlags(0x1000_0000n, 0n)
      areas.add(area)
    },
    fault(fault) {
      if (random(2) > 0) fault.answer(inserted)
      else fault.bytes.fill(1)
    },
  }
})

const scenario = `
const [url, source, seed] = args
const rounds = new Int32Array(new SharedArrayBuffer(4))
const device = await vmarea.openDevice(url, { source, driver: { rounds, seed: Number(seed) }, timeout: 60_000 })
device.asRaw().onDeath((cause) => {
  console.error(cause)
  process.exit(9)
})
let state = Number(seed)
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
const known = (byte) => byte === 0xdd || byte === 1
for (let round = 0; round < 150; round++) {
  const memory = device.map({ shared: random(2) > 0 })
  const { start } = memory
  for (let count = random(4); count > 0; count--) assert.ok(known(memory.access((bytes) => bytes[random(16) * page])))
  const reading = random(3) === 0 ? memory.readAsync(random(16) * page, new Uint8Array(1)).then(() => {}, () => {}) : undefined
  const copy = random(4) === 0 ? memory.splitOff(8 * page) : undefined
  memory.unmap()
  // Nothing is there, and then something that no driver knows of.
  let next
  try {
    next = mapMut({ length: 8 * page, address: start, fixed: 'noreplace' })
  } catch (error) {
    assert.equal(error.code, 'EEXIST')
  }
  const now = Atomics.load(rounds, 0)
  if (next !== undefined) {
    const half = next.bytes.subarray(0, 4 * page).fill(7)
    const end = performance.now() + 2
    while (performance.now() < end) if (half[random(4) * page] !== 7) break
    assert.ok(next.bytes.subarray(0, 4 * page).every((byte) => byte === 7), 'what was written is not there')
    assert.ok(next.bytes.subarray(4 * page).every((byte) => byte === 0), 'what nobody wrote is there')
  }
  if (copy !== undefined) {
    assert.ok(known(copy.access((bytes) => bytes[random(8) * page])))
    copy.unmap()
  }
  next?.unmap()
  await reading
  if (round % 10 === 0) await until('the driver goes on', () => Atomics.load(rounds, 0) > now)
}
assert.equal(device.state, 'serving')
await device.close()
`

eachSource({ ...vmarea, alike: true }, ({ source, skip }) => {
  test(`pages that a driver places as their area is unmapped reach no other memory (seed ${seed})`, {
    skip,
  }, async () => {
    assert.equal(await survives(scenario, { args: [placing, source, String(seed)] }), '')
  })
})

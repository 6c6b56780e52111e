import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Device, defineDevice } from '#vmarea/device.js'
import type { Mmap } from '#vmarea/mapping/handle/mmap.js'
import { MmapMut } from '#vmarea/mapping/handle/mmap-mut.js'
import { Machine } from '#vmarea/model.js'
import { Random } from '../differential/random.js'
import { seed } from '../support/seed.js'
import { PAGE } from './open.js'

const PAGES = 40

/** What a program must find: what the driver last gave for a page, or what was written since, in the device or in a map's own copy. */
class Oracle {
  readonly versions = new Array<number>(PAGES).fill(0)
  readonly written = new Map<number, number>()

  given(page: number): number {
    return (page * 7 + this.versions[page]! * 3) & 0xff
  }

  inDevice(page: number): number {
    return this.written.get(page) ?? this.given(page)
  }

  forget(first: number, last: number): void {
    for (let page = first; page < last; page++) {
      this.versions[page]!++
      this.written.delete(page)
    }
  }
}

interface Mapped {
  readonly memory: Mmap | MmapMut
  readonly first: number
  readonly shared: boolean
  readonly own: Map<number, number>
}

for (const limited of [false, true]) {
  test(`random use of a device${limited ? ' with a resident limit' : ''} finds what it must (seed ${seed})`, async () => {
    const random = new Random(seed)
    const oracle = new Oracle()
    const machine = new Machine()
    const process = machine.spawn()
    const device: Device = await process.openDevice(
      defineDevice(() => ({
        size: PAGES * PAGE,
        fault({ offset, bytes }) {
          const give = () => {
            for (let at = 0; at < bytes.length; at += PAGE) {
              bytes.fill(oracle.given((offset + at) / PAGE), at, at + PAGE)
            }
          }
          if (random.below(8) === 0) throw new RangeError('bad luck')
          if (random.below(2) === 0) return give()
          return Promise.resolve().then(give)
        },
      })),
      { run: { most: 8 * PAGE }, ...(limited ? { residentLimit: 16 * PAGE } : {}) },
    )
    const maps: Mapped[] = []
    const pick = () => maps[random.below(maps.length)]!

    const read = async ({ memory, first, own }: Mapped) => {
      const at = random.below(memory.size / PAGE)
      const target = new Uint8Array(1)
      try {
        await memory.readAsync(at * PAGE + random.below(PAGE), target)
      } catch (error) {
        assert.equal((error as { reason?: string }).reason, 'driver')
        return
      }
      assert.equal(target[0], own.get(at) ?? oracle.inDevice(first + at), `page ${first + at}`)
    }
    const write = async ({ memory, first, shared, own }: Mapped) => {
      if (!(memory instanceof MmapMut)) return
      const at = random.below(memory.size / PAGE)
      const byte = random.below(256)
      try {
        await memory.writeAsync(at * PAGE, new Uint8Array(PAGE).fill(byte))
      } catch (error) {
        assert.equal((error as { reason?: string }).reason, 'driver')
        return
      }
      if (shared) oracle.written.set(first + at, byte)
      else own.set(at, byte)
    }
    const steps: (() => unknown)[] = [
      () => {
        if (maps.length >= 5) return
        const first = random.below(PAGES)
        const protection = random.below(2) === 0 ? 'read' : 'write'
        const shared = random.below(2) === 0 && !(limited && protection === 'write')
        const length = (1 + random.below(PAGES - first)) * PAGE
        maps.push({
          memory: device.map({ offset: first * PAGE, length, protection, shared }),
          first,
          shared,
          own: new Map(),
        })
      },
      () => {
        if (maps.length > 1 && random.below(4) === 0) maps.splice(random.below(maps.length), 1)[0]!.memory.unmap()
      },
      () => Promise.all(Array.from({ length: 4 }, () => read(pick()))),
      () => Promise.all(Array.from({ length: 4 }, () => read(pick()))),
      () => write(pick()),
      () => write(pick()),
      async () => {
        if (random.below(3) > 0) return
        const first = random.below(PAGES)
        const last = first + 1 + random.below(Math.min(6, PAGES - first))
        oracle.forget(first, last)
        await device.invalidate(first * PAGE, (last - first) * PAGE)
      },
      () => device.ready(random.below(PAGES) * PAGE, PAGE).catch(() => {}),
      () => (random.below(10) === 0 ? device.restart() : undefined),
    ]
    steps[0]!()
    for (let step = 0; step < 1500; step++) {
      await steps[random.below(steps.length)]!()
      machine.checkInvariants()
      const { bytesResident, waiting } = device.statistics
      assert.equal(waiting, 0)
      if (limited) assert.ok(bytesResident <= 16 * PAGE)
    }
    for (const { memory } of maps) memory.unmap()
    await device.close()
    assert.equal(process.kernel.mm.filePages, 0)
    machine.checkInvariants()
  })
}

test('nothing is left of 1000 devices that were opened, used and closed', async () => {
  const machine = new Machine()
  const process = machine.spawn()
  const areas = () => process.maps()
  const before = areas()
  for (let turn = 0; turn < 1000; turn++) {
    const device = await process.openDevice(
      defineDevice((_options, context) => ({
        size: 4 * PAGE,
        mmap: (vma) => vma.setMixedmap().vmInsertPage(vma.start, context.page()),
        fault() {},
      })),
    )
    const memory = device.map({ protection: 'write', shared: turn % 2 === 0 })
    memory.write(0, new Uint8Array(2 * PAGE).fill(1))
    if (turn % 3 === 0) await device.close()
    memory.unmap()
    await device.close()
  }
  assert.equal(areas(), before)
  assert.equal(process.kernel.mm.filePages + process.kernel.mm.anonymousPages, 0)
  machine.checkInvariants()
})

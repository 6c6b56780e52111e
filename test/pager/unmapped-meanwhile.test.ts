import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { survives } from '../support/run-in-child.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

/** Asked for the last page, it waits for the first number, and then puts a page of its own where the map began. */
const late = driverUrl<Int32Array>((numbers, host) => {
  const mine = host.allocatePage()
  mine.bytes.fill(9)
  let area: Parameters<NonNullable<import('#vmarea/kernel/file-operations.js').FileOperations['mmap']>>[0]
  let start = 0n
  return {
    size: 4 * page,
    mmap(mapped) {
      mapped.changeFlags(0x1000_0000n, 0n)
      area = mapped
      start = mapped.start
    },
    fault(fault) {
      fault.bytes.fill(1)
      if (fault.offset < 3 * page) return
      Atomics.wait(numbers, 0, 0)
      try {
        area.insertPage(start, mine)
      } finally {
        Atomics.store(numbers, 1, 1)
        Atomics.notify(numbers, 1)
      }
    },
  }
})

eachSource(vmarea, ({ source, skip }) => {
  test("a page that is inserted after its map was unmapped replaces no other memory's memory", { skip }, async () => {
    const scenario = `
      const [driver, source] = args
      // The addresses can be another thread's before this one asks for them.
      for (let again = true, tries = 0; again; tries++) {
        assert.ok(tries < 50)
        const numbers = new Int32Array(new SharedArrayBuffer(8))
        const device = await vmarea.openDevice(driver, { driver: numbers, source, run: page })
        const memory = device.map({ shared: true })
        const { start } = memory
        device.prefetch(3 * page, page)
        // The pager hears of this when its driver has returned.
        memory.unmap()
        let other
        try {
          other = mapMut({ length: 4 * page, address: start, fixed: 'noreplace' })
        } catch (error) {
          assert.equal(error.code, 'EEXIST')
        }
        Atomics.store(numbers, 0, 1)
        Atomics.notify(numbers, 0)
        Atomics.wait(numbers, 1, 0)
        if (other !== undefined) {
          assert.deepEqual(other.read(0, new Uint8Array(4 * page)), new Uint8Array(4 * page))
          again = false
        }
        await device.close()
      }
    `
    await survives(scenario, { args: [late, source] })
  })
})

// What a driver may do wrong: each is an error that says so, for what it is about, and the rest goes on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { type Device, MemoryFault, type Mmap, pageSize, UsageError, VmError } from '../published/index.js'
import { survives } from '../support/run-in-child.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
const SIZE = 16 * page
const library = import.meta.resolve('../published/device.js')

/** A module whose hooks the author wrote with `defineDevice`. */
function moduleOf(hooks: string): string {
  const source = `import { defineDevice } from '${library}'\nexport default defineDevice(async (options, device) => (${hooks}))`
  return textUrl(source)
}

function causeOf(act: () => unknown): VmError {
  let cause: unknown
  assert.throws(act, (error: MemoryFault) => {
    assert.ok(error instanceof MemoryFault, String(error))
    assert.equal(error.reason, 'driver')
    cause = error.cause
    return true
  })
  assert.ok(cause instanceof VmError, String(cause))
  return cause
}

const touch = (memory: Mmap, number: number) => memory.access((bytes) => bytes[number * page])

eachSource(vmarea, ({ openDevice, source, skip }) => {
  /** Opens a device of 16 pages, and closes what is open when the test is done. */
  const using = async (
    driver: string,
    act: (device: Device, memory: Mmap) => unknown,
    options: Parameters<typeof openDevice>[1] = {},
  ) => {
    await using device = await openDevice(driver, { run: page, ...options })
    using memory = device.map({ length: SIZE })
    await act(device, memory)
  }

  test('a module that is missing, broken or no driver fails the opening, and is named', { skip }, async () => {
    const wrong: [url: string, what: RegExp][] = [
      ['file:///no/such/module.js', /file:\/\/\/no\/such\/module\.js could not be loaded/],
      [textUrl('this is no JavaScript'), /could not be loaded/],
      [textUrl("throw new Error('as it loads')"), /could not be loaded: as it loads/],
      [textUrl('export const other = 1'), /has no default export/],
      [textUrl('export default 5'), /exports the value 5/],
      [textUrl('export default () => ({ fault() {} })'), /exports a bare function/],
      [textUrl('export default { fault() {} }'), /exports another object/],
      [moduleOf('{}'), /has neither/],
      [moduleOf('undefined'), /returned undefined/],
      [moduleOf('{ fault: 7 }'), /fault must be a function/],
      [moduleOf('{ size: -1, fault() {} }'), /size must be a whole number/],
      [moduleOf("{ size: '4096', fault() {} }"), /size must be a whole number/],
      [moduleOf('{ size: 4096.5, fault() {} }'), /size must be a whole number/],
    ]
    for (const [url, what] of wrong) {
      await assert.rejects(openDevice(url), (error: UsageError) => {
        assert.ok(error instanceof UsageError, String(error))
        assert.equal(error.code, 'ERR_VMAREA_NOT_A_DRIVER')
        assert.match(error.message, what)
        return true
      })
    }
  })

  test('a setup that throws fails the opening, and one that hangs ends with the signal, or at the time limit', {
    skip,
  }, async () => {
    await assert.rejects(openDevice(moduleOf("(() => { throw new RangeError('no') })()")), (error: VmError) => {
      return error instanceof VmError && error.code === 'EIO' && error.cause instanceof RangeError
    })
    // It sleeps in between, and leaves the processor to other tests.
    const loop = 'for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)'
    for (const hangs of [
      'await new Promise(() => setInterval(() => {}, 1000))',
      `await new Promise(() => { ${loop} })`,
    ]) {
      const end = new AbortController()
      const opening = openDevice(moduleOf(hangs), { signal: end.signal })
      setTimeout(() => end.abort(new Error('enough')), 100)
      await assert.rejects(opening, /enough/)
    }
    for (const hangs of [
      'await new Promise(() => {})',
      'await new Promise(() => setInterval(() => {}, 1000))',
      `await new Promise(() => { ${loop} })`,
      '{ fault() {}, async open() { await new Promise(() => setInterval(() => {}, 1000)) } }',
      `{ fault() {}, open() { ${loop} } }`,
    ]) {
      await assert.rejects(openDevice(moduleOf(hangs), { timeout: 50 }), (error: VmError) => {
        return error.code === 'ETIMEDOUT' && /function and its open hook did not end within 550 ms/.test(error.message)
      })
    }
    await assert.rejects(openDevice(moduleOf('process.exit(5)')), { code: 'EIO' })
  })

  // Through the guard such a call is one on memory without permission: what that can't do is told at GuardSource.
  test('a driver that has the kernel read the memory it serves gets an error, and no thread hangs', {
    skip: source === 'guard' ? 'no system call waits for a page of the guard' : skip,
  }, async () => {
    const reads = driverUrl(async () => {
      const fs = await import('node:fs')
      return {
        size: 16 * page,
        mmap() {},
        fault(fault) {
          fault.bytes.fill(fault.offset / page + 1)
          if (fault.offset !== page) return
          // Another page of its own map, which nobody but it could give.
          const memory = fs.openSync('/proc/self/mem', 'r')
          try {
            fs.readSync(memory, new Uint8Array(1), 0, 1, fault.address! + BigInt(5 * page))
          } finally {
            fs.closeSync(memory)
          }
        },
      }
    })
    await survives(
      `
    const device = await vmarea.openDevice(args[0], { source: args[1], timeout: 500, run: page })
    const memory = device.map()
    assert.equal(memory.access((bytes) => bytes[0]), 1)
    assert.throws(() => memory.access((bytes) => bytes[page]), (error) => {
      assert.ok(error instanceof MemoryFault, String(error))
      assert.equal(error.reason, 'driver')
      assert.ok(error.cause instanceof VmError, String(error.cause))
      return true
    })
    assert.equal(memory.access((bytes) => bytes[0]), 1)
    await device.restart()
    assert.equal(memory.access((bytes) => bytes[2 * page]), 3)
    assert.equal(memory.access((bytes) => bytes[5 * page]), 6)
    await device.close()
    memory.unmap()
    `,
      { args: [reads, source] },
    )
  })

  test('what a hook was given is of no use when it has returned', { skip }, async () => {
    const keeps = moduleOf(`{
      mmap(vma) {
        this.vma = vma
      },
      fault(fault) {
        const errors = []
        for (const late of [() => this.vma.setIo(), () => this.vma.setMixedmap(), () => this.vma.flags, () => this.old?.answer(device.page())]) {
          try {
            late()
            errors.push('nothing')
          } catch (error) {
            errors.push(error.code)
          }
        }
        this.old = fault
        fault.bytes.set(new TextEncoder().encode(errors.join()))
      },
    }`)
    await using(keeps, (_, memory) => {
      const text = (number: number) =>
        memory
          .access((bytes) => String.fromCharCode(...bytes.subarray(number * page, (number + 1) * page)))
          .split('\0')[0]
      const returned = 'ERR_VMAREA_HOOK_RETURNED'
      assert.equal(text(0), `${returned},${returned},${returned},nothing`)
      assert.equal(text(1), `${returned},${returned},${returned},${returned}`)
    })
  })

  test('a driver that gives fault.bytes away, clones them or writes past them harms that page alone', {
    skip,
  }, async () => {
    const detaches = moduleOf(`{
      fault(fault) {
        if (fault.offset === ${page}) structuredClone(fault.bytes, { transfer: [fault.bytes.buffer] })
        if (fault.offset === ${2 * page}) new MessageChannel().port1.postMessage(fault.bytes, [fault.bytes.buffer])
        if (fault.offset === ${3 * page}) fault.bytes.set(new Uint8Array(2 * ${page}))
        if (fault.offset === ${4 * page}) fault.bytes.set(new Uint8Array(1), ${page})
        if (fault.offset === ${6 * page}) return void new Uint8Array(fault.bytes.buffer).fill(7)
        fault.bytes.fill(fault.offset / ${page} + 1)
      },
    }`)
    await using(detaches, (device, memory) => {
      assert.equal(touch(memory, 0), 1)
      // Cloned, transferred where that can be, or refused: the page is what the driver filled, or an error.
      for (const number of [1, 2]) {
        try {
          assert.equal(touch(memory, number), number + 1)
        } catch (error) {
          assert.ok(error instanceof MemoryFault, String(error))
        }
      }
      for (const number of [3, 4]) {
        const cause = causeOf(() => touch(memory, number))
        assert.equal(cause.code, 'EIO')
        assert.ok(cause.cause instanceof Error)
      }
      assert.equal(touch(memory, 5), 6)
      assert.equal(touch(memory, 0), 1)
      // Whoever goes by the buffer, and not by the array, is still at the page that it was asked for.
      assert.equal(touch(memory, 6), 7)
      assert.ok(device.statistics.bytesResident <= 7 * page, `${device.statistics.bytesResident}`)
      assert.equal(device.state, 'serving')
    })
  })

  test('a driver that writes after its answer spoils nothing', {
    skip,
  }, async () => {
    const writes = moduleOf(`{
      fault(fault) {
        const number = fault.offset / ${page}
        fault.bytes.fill(number + 1)
        this.kept ??= fault.bytes
        if (number > 0) this.kept.fill(99)
      },
    }`)
    await using(writes, (_, memory) => {
      assert.equal(touch(memory, 0), 1)
      assert.equal(touch(memory, 1), 2)
      assert.equal(touch(memory, 0), 1)
      for (let number = 2; number < 8; number++) assert.equal(touch(memory, number), number + 1)
      assert.equal(touch(memory, 0), 1)
    })
  })

  test('a size that lies gives what the driver says past the end, and a size that ends has nothing there', {
    skip,
  }, async () => {
    const short = moduleOf(`{ size: ${2 * page} + 1, fault(fault) { fault.bytes.fill(fault.bytes.length / ${page}) } }`)
    await using device = await openDevice(short, { run: 8 * page })
    assert.equal(device.size, 2 * page + 1)
    using memory = device.map({ length: 8 * page })
    assert.equal(touch(memory, 2), 1)
    assert.throws(() => touch(memory, 3), MemoryFault)
    assert.throws(() => touch(memory, 7), MemoryFault)
    await assert.rejects(device.ready(0, 2 * page + 2), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    await device.ready()
    const none = moduleOf('{ size: 0, fault() {} }')
    await using empty = await openDevice(none)
    assert.equal(empty.size, 0)
    using past = empty.map({ length: page })
    assert.throws(() => touch(past, 0), MemoryFault)
  })

  test('lengths that do not fit are refused where they are given', { skip }, async () => {
    const plain = moduleOf(`{ size: ${SIZE}, fault(fault) { fault.bytes.fill(1) } }`)
    await using(plain, async (device, memory) => {
      for (const length of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, '4096' as unknown as number]) {
        assert.throws(() => device.map({ length }), UsageError)
        await assert.rejects(device.ready(0, length), UsageError)
        await assert.rejects(device.invalidate(0, length), UsageError)
        assert.throws(() => device.prefetch(0, length), UsageError)
      }
      for (const offset of [-1, 0.5, Number.NaN, 2 ** 60]) {
        assert.throws(() => device.map({ offset, length: page }), UsageError)
        await assert.rejects(device.ready(offset, page), UsageError)
      }
      assert.equal(touch(memory, 15), 1)
    })
  })
})

function textUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`
}

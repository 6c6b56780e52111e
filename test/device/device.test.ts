import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { type DeviceHooks, defineDevice, VM, VmError, type VmFault } from '#vmarea/device.js'
import { Machine, type ModelledProcess } from '#vmarea/model.js'
import { isFault, isUsage, throwsFault, throwsUsage, throwsVm } from '../support/throws.js'
import { until } from '../support/until.js'
import { byteAt, open, PAGE } from './open.js'

const read = (memory: { readAsync(offset: number, target: Uint8Array): Promise<Uint8Array> }, offset = 0) =>
  memory.readAsync(offset, new Uint8Array(1)).then(([byte]) => byte)

/** Lets everything run that is only a promise away. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A `fault` hook that answers when it is told to. */
function byHand() {
  const faults: { readonly fault: VmFault; give(byte: number): void; fail(error: unknown): void }[] = []
  const fault = (fault: VmFault) =>
    new Promise<void>((resolve, reject) => {
      faults.push({
        fault,
        give(byte) {
          fault.bytes.fill(byte)
          resolve()
        },
        fail: reject,
      })
    })
  return { faults, fault }
}

test('hooks are called as methods, in the order open, mmap, fault, close', async () => {
  class Driver implements DeviceHooks {
    readonly size = PAGE
    readonly #said: string[] = []
    static last: Driver | undefined
    constructor() {
      Driver.last = this
    }
    get said() {
      return this.#said
    }
    async open() {
      this.#said.push('open')
    }
    mmap() {
      this.#said.push('mmap')
    }
    fault() {
      this.#said.push('fault')
    }
    async close() {
      this.#said.push('close')
    }
  }
  const { device } = await open(() => new Driver())
  const memory = device.map()
  byteAt(memory, 0)
  await device.close()
  await device.close()
  assert.deepEqual(Driver.last!.said, ['open', 'mmap', 'fault', 'close'])
})

test('an open hook that throws fails the opening', async () => {
  let closed = 0
  const hooks = (error: unknown): DeviceHooks => ({
    fault() {},
    async open() {
      throw error
    },
    close() {
      closed++
    },
  })
  const refusal = new VmError('EACCES', 'open')
  await assert.rejects(open(hooks(refusal)), (error) => error === refusal)
  await assert.rejects(open(hooks(new RangeError('no'))), { code: 'EIO' })
  assert.equal(closed, 0)
})

test('a close hook that throws or never ends does not keep close waiting', async () => {
  const throws = await open({
    fault() {},
    close() {
      throw new Error('no')
    },
  })
  await throws.device.close()
  const hangs = await open({ fault() {}, close: () => new Promise(() => {}) }, { timeout: 20 })
  await hangs.device.close()
})

test('a fault hook is given the area, the address and the access; the area only until it returns', async () => {
  let fault: VmFault | undefined
  const { device, process } = await open({
    fault(given) {
      fault = given
      assert.equal(given.vma!.start, memory.start)
      assert.equal(given.address, memory.start + BigInt(2 * PAGE))
      assert.equal(given.offset, 5 * PAGE)
      assert.equal(given.write, true)
      assert.equal(given.bytes.length, PAGE)
      assert.equal(given.vma!.mm.asRaw(), process.kernel.addressSpace)
      throwsVm(() => process.kernel.calls.munmap(memory.start, PAGE), 'EDEADLK')
    },
  })
  const memory = device.map({ offset: 3 * PAGE, protection: 'write' })
  memory.write(2 * PAGE, new Uint8Array([1]))
  throwsUsage(() => fault!.vma!.start, 'ERR_VMAREA_HOOK_RETURNED', /fault/)
  throwsUsage(() => fault!.answer(null as never), 'ERR_VMAREA_HOOK_RETURNED')
  assert.match(inspect(fault), /^VmFault \{ write at 0x[0-9a-f]+, offset 20480/)
})

test('a page asked for by ready has no area', async () => {
  const seen: unknown[] = []
  const { device } = await open({
    fault({ vma, address, write, offset }) {
      seen.push(vma, address, write, offset)
    },
  })
  await device.ready(PAGE, 1)
  assert.deepEqual(seen, [undefined, undefined, false, PAGE])
})

test('the synchronous read says that it would block, and what would not', async () => {
  const { device } = await open({ async fault() {} })
  const memory = device.map()
  throwsUsage(() => byteAt(memory, 0), 'ERR_VMAREA_WOULD_BLOCK', /readAsync/)
  throwsUsage(() => memory.advise('populate_read'), 'ERR_VMAREA_WOULD_BLOCK')
  await memory.populate()
  assert.equal(byteAt(memory, 0), 0)
})

test('every waiter for a page that fails gets the cause, and the next access requests the page again', async () => {
  const { faults, fault } = byHand()
  const { device } = await open({ fault })
  const [one, other] = [device.map(), device.map()]
  const waiting = [read(one), read(other), read(one, 5), device.ready(0, PAGE), one.populate(0, PAGE)]
  await turn()
  assert.equal(faults.length, 1)
  assert.equal(device.statistics.waiting, waiting.length)
  const cause = new RangeError('gone')
  faults[0]!.fail(cause)
  const results = await Promise.allSettled(waiting)
  for (const result of results) assert.equal(result.status, 'rejected')
  const errors = results.map((result) => (result as PromiseRejectedResult).reason as Error)
  for (const error of errors.slice(0, 3)) {
    isFault(error, { reason: 'driver' })
    assert.equal((error.cause as Error).cause, cause)
  }
  assert.equal(errors[3]!.cause, cause)
  assert.equal((errors[4] as VmError).code, 'EFAULT')
  const again = read(one)
  await turn()
  faults[1]!.give(7)
  assert.equal(await again, 7)
  assert.equal(device.statistics.failures, waiting.length)
})

test('what is invalidated while it is being filled is asked for again', async () => {
  const { faults, fault } = byHand()
  const { device, context } = await open({ fault })
  const memory = device.map()
  const reading = read(memory)
  await turn()
  context.invalidate(0, 1)
  faults[0]!.give(1)
  await turn()
  assert.equal(faults.length, 2)
  faults[1]!.give(2)
  assert.equal(await reading, 2)
})

test('a hook that invalidates what it gives is asked again, and fails when it does so each time', async () => {
  let rounds = 0
  const { device, context } = await open(
    {
      fault({ bytes, offset }) {
        if (++rounds < 3 || offset === PAGE) context.invalidate(offset, PAGE)
        bytes.fill(rounds)
      },
    },
    { run: PAGE },
  )
  const memory = device.map()
  assert.equal(byteAt(memory, 0), 3)
  assert.throws(
    () => byteAt(memory, PAGE),
    (error) => {
      isFault(error, { reason: 'driver' })
      assert.match(String((error as Error).cause), /EIO.*the driver invalidates the page each time it fills it/)
      return true
    },
  )
})

test('an asynchronous hook that always invalidates what it gives is ended by the time limit', async () => {
  const { device, context } = await open(
    {
      async fault() {
        await turn()
        context.invalidate(0, PAGE)
      },
    },
    { timeout: 30 },
  )
  await assert.rejects(read(device.map()), (error) => isFault(error, { reason: 'driver' }))
})

test('a late answer is ignored, and the hook sees its signal aborted', async () => {
  const { faults, fault } = byHand()
  const { device, machine } = await open({ fault }, { timeout: 200 })
  const memory = device.map()
  await assert.rejects(
    read(memory),
    (error: Error) => isFault(error, { reason: 'driver' }) && (error.cause as VmError).code === 'ETIMEDOUT',
  )
  const { signal } = faults[0]!.fault
  assert.equal(signal.aborted, true)
  assert.equal((signal.reason as VmError).code, 'ETIMEDOUT')
  faults[0]!.give(66)
  const again = read(memory)
  await turn()
  faults[1]!.give(7)
  assert.equal(await again, 7)
  machine.checkInvariants()
  assert.equal(device.statistics.timeouts, 1)
})

test('closing fails the waiters, aborts the signals, and ignores later answers', async () => {
  const { faults, fault } = byHand()
  const { device, context, machine } = await open({ fault })
  const memory = device.map()
  const reading = read(memory)
  await turn()
  const { signal } = faults[0]!.fault
  const closing = device.close()
  await assert.rejects(reading, (error) => isFault(error, { reason: 'driver' }))
  await closing
  assert.equal(signal.aborted, true)
  assert.equal(context.signal.aborted, true)
  faults[0]!.give(1)
  await turn()
  throwsFault(() => byteAt(memory, 0), { reason: 'driver' })
  assert.equal(device.statistics.bytesResident, 0)
  machine.checkInvariants()
  throwsUsage(() => device.map(), 'ERR_VMAREA_DEVICE_CLOSED')
  throwsUsage(() => device.prefetch(), 'ERR_VMAREA_DEVICE_CLOSED')
})

test('waiters during a restart are served by the new driver', async () => {
  let generation = 0
  const process = new Machine().spawn()
  const device = await process.openDevice(
    defineDevice(() => {
      const mine = ++generation
      return {
        size: 4 * PAGE,
        fault: async ({ bytes, signal }) => {
          if (mine === 1) await new Promise((_resolve, reject) => signal.addEventListener('abort', reject))
          bytes.fill(mine)
        },
      }
    }),
  )
  const memory = device.map()
  const reading = [read(memory), device.ready()]
  await turn()
  const restarts = [device.restart(), device.restart()]
  const late = read(memory)
  assert.deepEqual(await Promise.all([...reading, ...restarts, late]), [2, undefined, undefined, undefined, 2])
  assert.equal(generation, 2)
  assert.equal(device.statistics.bytesResident, 4 * PAGE)
})

test('a restart that fails leaves a dead device, which another one brings back', async () => {
  let broken = false
  const process = new Machine().spawn()
  const device = await process.openDevice(
    defineDevice(() => {
      if (broken) throw new RangeError('no')
      return { size: 4 * PAGE, fault: ({ bytes }) => void bytes.fill(5) }
    }),
  )
  const memory = device.map()
  byteAt(memory, 0)
  broken = true
  await assert.rejects(device.restart(), { code: 'EIO' })
  assert.equal(device.state, 'dead')
  assert.equal(byteAt(memory, 0), 5)
  throwsFault(() => byteAt(memory, PAGE), { reason: 'driver' })
  throwsVm(() => device.map(), 'EIO', /restart/)
  await assert.rejects(device.ready(), { code: 'EIO' })
  broken = false
  await device.restart()
  assert.equal(device.state, 'serving')
  assert.equal(byteAt(memory, PAGE), 5)
})

test('a restart takes the old driver’s own pages away, and the new one puts in its', async () => {
  let byte = 10
  const { device, machine } = await open((context) => {
    const page = context.page()
    page.bytes.fill(byte++)
    return { mmap: (vma) => vma.setMixedmap().vmInsertPage(vma.start, page) }
  })
  const memory = device.map()
  assert.equal(byteAt(memory, 0), 10)
  await device.restart()
  machine.checkInvariants()
  assert.equal(byteAt(memory, 0), 11)
})

test('a child of fork has the device’s memory, and its driver answers it', async () => {
  const { process, device, machine } = await open({ fault: ({ bytes }) => void bytes.fill(8) })
  const memory = device.map()
  const child: ModelledProcess = process.fork()
  const target = new Uint8Array(1)
  using user = child.mm.mmgetNotZero()!
  assert.equal(user.readMemory(memory.start, target), 1)
  assert.equal(target[0], 8)
  machine.checkInvariants()
})

test('a process that ends closes its devices', async () => {
  let closed = 0
  const { process, device } = await open({
    fault() {},
    close() {
      closed++
    },
  })
  device.map()
  process.exit()
  assert.equal(device.state, 'closed')
  await device.close()
  assert.equal(closed, 1)
})

test('an opening that is aborted rejects, and a driver that comes too late is closed', async () => {
  const end = new AbortController()
  let closed = 0
  let go: (() => void) | undefined
  const opening = open(
    {
      fault() {},
      open: () =>
        new Promise<void>((resolve) => {
          go = resolve
        }),
      close() {
        closed++
      },
    },
    { signal: end.signal },
  )
  await turn()
  end.abort(new RangeError('enough'))
  await assert.rejects(opening, { message: 'enough' })
  go!()
  await turn()
  assert.equal(closed, 1)
})

test('ready asks for eight runs at a time', async () => {
  const { faults, fault } = byHand()
  const { device } = await open({ fault }, { run: PAGE })
  const ready = device.ready()
  // On a busy machine the eight are requested in several turns.
  await until('eight requests', () => faults.length >= 8)
  await turn()
  assert.equal(faults.length, 8)
  while (faults.length > 0) {
    faults.shift()!.give(1)
    await turn()
  }
  await ready
  assert.equal(device.statistics.bytesResident, 16 * PAGE)
})

test('statistics: counts, bytes, and how long faults took', async () => {
  const { device } = await open({ fault() {} }, { run: PAGE })
  const memory = device.map()
  byteAt(memory, 0)
  byteAt(memory, 0)
  byteAt(memory, PAGE)
  const { latency, ...counts } = device.statistics
  assert.deepEqual(counts, {
    faults: 2,
    hits: 0,
    fills: 2,
    bytesFilled: 2 * PAGE,
    failures: 0,
    timeouts: 0,
    waiting: 0,
    bytesResident: 2 * PAGE,
    bytesDropped: 0,
    bytesWrittenBack: 0,
    bytesUnwritten: 0,
  })
  assert.equal(
    latency.reduce((sum, count) => sum + count, 0),
    2,
  )
  await memory.readAsync(2 * PAGE, new Uint8Array(1))
  assert.equal(device.statistics.faults, 3)
})

test('a fault that waits counts once', async () => {
  const { device } = await open({ async fault() {} }, { run: PAGE })
  await read(device.map())
  assert.equal(device.statistics.faults, 1)
})

test('a resident limit keeps what was touched lately, and drops the rest', async () => {
  const asked: number[] = []
  const { device, machine, process } = await open(
    {
      size: 100 * PAGE,
      fault({ offset, bytes }) {
        asked.push(offset / PAGE)
        bytes.fill(offset / PAGE)
      },
    },
    { residentLimit: 16 * PAGE, run: PAGE },
  )
  const memory = device.map()
  for (let page = 1; page < 100; page++) {
    assert.equal(byteAt(memory, 0), 0)
    assert.equal(byteAt(memory, page * PAGE), page)
    assert.ok(device.statistics.bytesResident <= 16 * PAGE)
  }
  machine.checkInvariants()
  assert.equal(asked.filter((page) => page === 0).length, 1, 'the page that is touched again and again stays')
  assert.equal(asked.length, 100)
  assert.equal(device.statistics.bytesDropped, 84 * PAGE)
  assert.ok(process.kernel.mm.filePages <= 16, 'what was dropped is mapped no more')
  assert.equal(byteAt(memory, 50 * PAGE), 50)
  assert.equal(asked.length, 101)
})

test('a map of a device describes itself as one', async () => {
  const { device } = await open({ fault() {} })
  const memory = device.map({ offset: 5, shared: true })
  assert.match(String(memory), /^Mmap \(0x.*r--, shared, device 'a definition' at 5\)$/)
  assert.equal(inspect(device), "Device (serving, 65536 bytes, driver 'a definition', faults from model)")
  await device.close()
  assert.match(String(device), /^Device \(closed/)
  assert.match(String((await open({ size: Infinity, fault() {} })).device), /without an end/)
})

test('maps of different devices do not merge, though they touch', async () => {
  const { device, process } = await open({ fault() {} })
  const definition = defineDevice(() => ({ size: 16 * PAGE, fault() {} }))
  const other = await process.openDevice(definition)
  const head = device.map({ length: 4 * PAGE })
  const tail = head.splitOff(2 * PAGE)
  const { start } = tail
  tail.unmap()
  const strange = other.map({ offset: 2 * PAGE, length: 2 * PAGE, address: start, fixed: 'noreplace' })
  throwsUsage(() => head.merge(strange), 'ERR_VMAREA_BACKING_MISMATCH')
  strange.unmap()
  const elsewhere = device.map({ offset: 3 * PAGE, length: PAGE, address: start, fixed: 'noreplace' })
  throwsUsage(() => head.merge(elsewhere), 'ERR_VMAREA_BACKING_MISMATCH')
  elsewhere.unmap()
  const file = process.memfd('file', { size: PAGE })
  const plain = process.map({ file, address: start, fixed: 'noreplace' })
  throwsUsage(() => head.merge(plain), 'ERR_VMAREA_BACKING_MISMATCH')
  plain.unmap()
  const back = device.map({ offset: 2 * PAGE, length: PAGE, address: start, fixed: 'noreplace' })
  head.merge(back)
  assert.equal(head.size, 3 * PAGE)
})

test('a fault hook that answers with something that is no page is the driver’s fault', async () => {
  const { device, process } = await open({ fault: (fault) => fault.answer({} as never) })
  throwsFault(() => byteAt(device.map(), 0), { reason: 'driver' })
  assert.equal(process.kernel.addressSpace.lookup(0n), undefined)
})

test('a fault hook may put a page in by itself, and the device has none then', async () => {
  const { device, machine } = await open((context) => {
    const page = context.page()
    page.bytes.fill(3)
    return {
      mmap: (vma) => void vma.setMixedmap(),
      fault: (fault) => fault.vma!.asMixedmapVma()!.vmInsertPage(fault.address!, page),
    }
  })
  assert.equal(byteAt(device.map(), 0), 3)
  assert.equal(device.statistics.bytesResident, 0)
  machine.checkInvariants()
})

test('what a driver is given is copied where its module is named, and given as it is to a definition', async () => {
  const given = { list: [1] }
  let got: unknown
  const process = new Machine().spawn()
  await process.openDevice(
    defineDevice<typeof given>((options) => {
      got = options
      return { fault() {} }
    }),
    { driver: given },
  )
  assert.equal(got, given)
})

test('a map of a device of size 0 requires a length, and has no page', async () => {
  const { device } = await open({ size: 0, fault() {} })
  throwsUsage(() => device.map(), 'ERR_VMAREA_OUT_OF_RANGE', /device is empty/)
  throwsFault(() => byteAt(device.map({ length: PAGE }), 0), { reason: 'past-end-of-file' })
})

test('the flags that a hook set stay on the parts of a split, and the hook sets them again for a new map', async () => {
  const { device, area } = await open({
    fault() {},
    mmap(vma) {
      vma.setDontcopy()
      vma.setDontexpand()
    },
  })
  const memory = device.map()
  const rest = memory.splitOff(PAGE)
  for (const part of [memory, rest]) {
    const wanted = VM.DONTCOPY | VM.DONTEXPAND
    assert.equal(area(part.start).flags & wanted, wanted)
  }
})

test('restart of a closed device is refused, and so is one whose device is closed meanwhile', async () => {
  let go: (() => void) | undefined
  let opens = 0
  const { device } = await open({
    fault() {},
    open: () =>
      ++opens === 1
        ? undefined
        : new Promise<void>((resolve) => {
            go = resolve
          }),
  })
  const restarting = device.restart()
  await turn()
  await device.close()
  go!()
  await assert.rejects(restarting, (error) => isUsage(error, 'ERR_VMAREA_DEVICE_CLOSED'))
  assert.equal(device.state, 'closed')
  await assert.rejects(device.restart(), (error) => isUsage(error, 'ERR_VMAREA_DEVICE_CLOSED'))
})

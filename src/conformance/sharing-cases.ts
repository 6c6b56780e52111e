import type { Process } from '../process.js'
import type { ConformanceCases } from './conformance-case.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'
import { expectRejection } from './expect-rejection.js'

const one = new Uint8Array(new Int32Array([1]).buffer)

/** Two mappings of one file, as in two programs. */
function twoMappings(process: Process, page: number) {
  using file = process.memfd('sharing', { size: 2 * page })
  const waiter = process.mapMut({ file, shared: true })
  const other = process.mapMut({ file, shared: true, offset: page })
  return { waiter, other }
}

export const sharingCases: ConformanceCases = {
  'a word that has another value is not waited for': {
    async run({ process, page }) {
      using memory = process.mapMut({ length: page, shared: true })
      memory.write(8, one)
      expect(memory.wait(8, 0), 'not-equal', 'wait')
      expect(await memory.waitAsync(8, 0), 'not-equal', 'waitAsync')
      expect(memory.wait(8, 1, { timeout: 0 }), 'timed-out', 'wait for no time')
      expect(await memory.waitAsync(8, 1, { timeout: 0 }), 'timed-out', 'waitAsync for no time')
      expect(await memory.waitAsync(8, 1, { timeout: 5 }), 'timed-out', 'waitAsync for a while')
    },
  },
  'a value of 32 bits is the same with and without a sign': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page, shared: true })
      memory.write(0, new Uint8Array([255, 255, 255, 255]))
      expect(memory.wait(0, -1, { timeout: 0 }), 'timed-out', 'with a sign')
      expect(memory.wait(0, 2 ** 32 - 1, { timeout: 0 }), 'timed-out', 'without')
      expectError(() => memory.wait(0, 2 ** 32), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    },
  },
  'a change of the word and notify wake a waiter in another mapping of the file': {
    async run({ process, page }) {
      const { waiter, other } = twoMappings(process, page)
      const waiting = waiter.waitAsync(page + 4, 0, { timeout: 60_000 })
      other.write(4, one)
      other.notify(4)
      expect(await waiting, 'ok', 'the wait')
      expect(other.notify(4), 0, 'waiters left')
      waiter.unmap()
      other.unmap()
    },
  },
  'only a whole word at a multiple of 4, inside, is waited for and notified': {
    async run({ process, page }) {
      using memory = process.mapMut({ length: page, shared: true })
      for (const [offset, code] of [
        [2, 'ERR_VMAREA_INVALID_ARGUMENT'],
        [page, 'ERR_VMAREA_OUT_OF_RANGE'],
        [-4, 'ERR_VMAREA_OUT_OF_RANGE'],
        [page - 2, 'ERR_VMAREA_OUT_OF_RANGE'],
        [0.5, 'ERR_VMAREA_OUT_OF_RANGE'],
      ] as const) {
        expectError(() => memory.wait(offset, 0, { timeout: 0 }), { code })
        expectError(() => memory.notify(offset), { code })
        await expectRejection(memory.waitAsync(offset, 0, { timeout: 0 }), { code })
      }
      for (const count of [-1, 0.5, Number.NaN, '1' as never])
        expectError(() => memory.notify(0, count), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
      expect(memory.notify(0, 0), 0, 'none')
    },
  },
  'wait and notify on private memory are refused': {
    async run({ process, page }) {
      using memory = process.mapMut({ length: page })
      expectError(() => memory.wait(0, 0), { code: 'ERR_VMAREA_NOT_SHARED' })
      expectError(() => memory.notify(0), { code: 'ERR_VMAREA_NOT_SHARED' })
      await expectRejection(memory.waitAsync(0, 0), { code: 'ERR_VMAREA_NOT_SHARED' })
    },
  },
  'a wait ends with the reason of the signal that is aborted': {
    async run({ process, page }) {
      using memory = process.mapMut({ length: page, shared: true })
      const reason = new RangeError('enough')
      const controller = new AbortController()
      const waiting = memory.waitAsync(0, 0, { signal: controller.signal })
      controller.abort(reason)
      expect(await waiting.catch((error: unknown) => error === reason), true, 'the reason')
      expect(await memory.waitAsync(0, 0, { signal: controller.signal }).catch(() => 'aborted'), 'aborted', 'again')
      expectError(() => memory.wait(0, 0, { signal: controller.signal }), { name: 'RangeError' })
      expect(memory.notify(0), 0, 'waiters left')
    },
  },
  'a wait ends with an error when its memory is unmapped, or moves, and not when other memory is': {
    async run({ process, page }) {
      const memory = process.mapMut({ length: 2 * page, shared: true })
      const waits = [0, page].map((offset) => memory.waitAsync(offset, 0))
      const outcomes = Promise.all(waits.map((wait) => wait.catch((error: { code?: string }) => error.code)))
      const rest = memory.splitOff(page)
      memory.unmap()
      rest.write(0, one)
      rest.notify(0)
      expect(await outcomes, ['ERR_VMAREA_UNMAPPED', 'ok'], 'unmapped, and the rest')
      rest.unmap()
    },
  },
  'allocate makes the file as long as the range': {
    async run({ process, page }) {
      using file = process.memfd('sharing', { size: 10 })
      using memory = process.mapMut({ file, shared: true, length: 3 * page })
      expectError(() => memory.write(page, one), { code: 'ERR_VMAREA_FAULT' })
      await memory.allocate(page, 4)
      expect(file.size, page + 4, 'size')
      memory.write(page, one)
      await memory.allocate(0, 0)
      await memory.allocate()
      expect(file.size, 3 * page, 'size of all')
      memory.write(3 * page - 4, one)
    },
  },
  'allocate is refused past a seal, without a file, and of private memory': {
    async run({ process, page }) {
      using file = process.memfd('sharing', { size: page, seals: ['grow'] })
      using memory = process.mapMut({ file, shared: true, length: 2 * page })
      await memory.allocate(0, page)
      const error = await expectRejection(memory.allocate(page, page), { code: 'EPERM', syscall: 'fallocate' })
      expect(error.message.includes("sealed: 'grow'"), true, error.message)
      using anonymous = process.mapMut({ length: page, shared: true })
      await expectRejection(anonymous.allocate(), { code: 'ERR_VMAREA_NO_FILE' })
      using own = process.mapMut({ file, length: page })
      await expectRejection(own.allocate(), { code: 'ERR_VMAREA_NOT_SHARED' })
      await expectRejection(memory.allocate(0, 3 * page), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    },
  },
  'a word whose page is gone is a fault': {
    async run({ process, page }) {
      using file = process.memfd('sharing', { size: page })
      using memory = process.mapMut({ file, shared: true, length: 2 * page })
      const fault = { code: 'ERR_VMAREA_FAULT', reason: 'past-end-of-file', offset: page }
      expectError(() => memory.wait(page, 0), fault)
      expectError(() => memory.notify(page), fault)
      await expectRejection(memory.waitAsync(page, 0), fault)
    },
  },
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Kernel } from '#vmarea/kernel/kernel.js'
import { ModelledMachine } from '#vmarea/modelled-machine.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { NamedBits } from '#vmarea/userfaultfd/named-bits.js'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { kernel as running } from './memory.js'
import { skipWithout } from './skip.js'

const PAGES = 12
const skip = skipWithout('poison', 'move')

/** What a page holds: nothing, poison, or a byte that fills it. */
type Page = 'missing' | 'poison' | number

function operation(kinds: string[]) {
  return fc.record({
    kind: fc.constantFrom(...kinds),
    first: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: PAGES + 2 }),
    byte: fc.integer({ min: 1, max: 255 }),
    numeric: fc.boolean(),
  })
}

/** The rules: an answer goes on page by page until one is in its way; beyond what is registered it does not begin. */
function predict(
  pages: Page[],
  kind: string,
  first: number,
  count: number,
  byte: number,
): { done: number; code: string } {
  if (first + count > PAGES) return { done: 0, code: kind === 'move' ? 'EINVAL' : 'ENOENT' }
  for (let done = 0; done < count; done++) {
    const here = pages[first + done]
    const inTheWay = here !== 'missing' && !(here === 'poison' && kind === 'copy')
    if (inTheWay) return { done, code: 'EEXIST' }
    pages[first + done] = kind === 'poison' ? 'poison' : kind === 'zero' ? 0 : byte
  }
  return { done: count, code: 'none' }
}

/** Both kernels keep the same rules. The modelled one has no move. */
const kernels: { name: string; kernel: () => Kernel; kinds: string[]; skip: string | false }[] = [
  { name: 'the running kernel', kernel: () => running, kinds: ['copy', 'zero', 'poison', 'move', 'drop'], skip },
  {
    name: 'the modelled kernel',
    kernel: () => new ModelledMachine().spawn().kernel,
    kinds: ['copy', 'zero', 'poison', 'drop'],
    skip: false,
  },
]

for (const { name, kernel: of, kinds, skip } of kernels) {
  test(`any sequence of answers, on ${name}: how far it came, why it stopped, and what the pages hold`, {
    skip,
  }, () => {
    fc.assert(
      fc.property(fc.array(operation(kinds), { maxLength: 40 }), (operations) => {
        const kernel = of()
        const { calls, pageSize: page } = kernel
        const map = (pages: number) => calls.mmap(0n, pages * page, 3, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
        using uffd = bindUserfaultfd(() => kernel).create()
        const area = map(PAGES)
        const source = map(PAGES + 2)
        const at = (index: number) => area + BigInt(index * page)
        uffd.register(area, PAGES * page)
        const pages: Page[] = Array(PAGES).fill('missing')
        for (const { kind, first, count, byte, numeric } of operations) {
          const address = numeric ? Number(at(first)) : at(first)
          const length = count * page
          if (kind === 'drop') {
            const within = Math.min(count, PAGES - first)
            calls.madvise(at(first), within * page, MADV.DONTNEED)
            pages.fill('missing', first, first + within)
            continue
          }
          if (kind === 'move') {
            using writer = bindUserfaultfd(() => kernel).create()
            const room = (PAGES + 2) * page
            calls.madvise(source, room, MADV.DONTNEED)
            writer.register(source, room)
            writer.copy(source, room, new Uint8Array(room).fill(byte))
            writer.unregister(source, room)
          }
          const expected = predict(pages, kind, first, count, byte)
          let outcome: { done: number; code: string }
          try {
            const done =
              kind === 'copy'
                ? uffd.copy(address, length, new Uint8Array(length).fill(byte))
                : kind === 'zero'
                  ? uffd.zero(address, length)
                  : kind === 'poison'
                    ? uffd.poison(address, length)
                    : uffd.move(address, source, length, { foreign: true })
            outcome = { done: done / page, code: 'none' }
          } catch (error) {
            assert.ok(error instanceof VmError, String(error))
            outcome = { done: error.done! / page, code: error.code }
          }
          assert.deepEqual({ kind, ...outcome }, { kind, ...expected })
        }
        // What was not served reads zeros only because this asks for it.
        uffd.close({ missing: 'zero' })
        for (const [index, here] of pages.entries()) {
          const bytes = new Uint8Array(page)
          const read = () => kernel.addressSpace.readMemory(at(index), bytes)
          if (here === 'poison') {
            assert.throws(read, { code: 'EFAULT' }, `page ${index} is poisoned`)
          } else {
            assert.equal(read(), page)
            assert.deepEqual(bytes, new Uint8Array(page).fill(here === 'missing' ? 0 : here))
          }
        }
        calls.munmap(area, PAGES * page)
        calls.munmap(source, (PAGES + 2) * page)
      }),
      { numRuns: 100 },
    )
  })
}

test('messages: what is put in comes out', () => {
  const address = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n })
  const thread = fc.nat(2 ** 32 - 1)
  fc.assert(
    fc.property(fc.array(fc.tuple(address, fc.nat(7), thread), { minLength: 1, maxLength: 8 }), (faults) => {
      const bytes = new Uint8Array(faults.length * 32 + 31)
      const view = new DataView(bytes.buffer)
      for (const [index, [where, flags, who]] of faults.entries()) {
        view.setUint8(index * 32, 0x12)
        view.setBigUint64(index * 32 + 8, BigInt(flags), true)
        view.setBigUint64(index * 32 + 16, where, true)
        view.setUint32(index * 32 + 24, who, true)
      }
      const messages = new UffdMessages(bytes)
      assert.equal(messages.capacity, faults.length)
      for (const [index, [where, flags, who]] of faults.entries()) {
        assert.ok(messages.isFault(index))
        assert.equal(BigInt(messages.address(index)), where)
        assert.equal(BigInt(messages.address(index, 4096)), where & ~4095n)
        assert.equal(BigInt(messages.address(index, 2 ** 21)), where & ~(2n ** 21n - 1n))
        assert.deepEqual(
          [
            messages.isWrite(index),
            messages.isWriteProtected(index),
            messages.isMinor(index),
            messages.threadId(index),
          ],
          [(flags & 1) !== 0, (flags & 2) !== 0, (flags & 4) !== 0, who],
        )
      }
    }),
  )
  assert.throws(() => new UffdMessages(new Uint8Array(31)), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  assert.throws(() => new UffdMessages(new Uint8Array(100).subarray(1)), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
})

test('masks: names and what has none add up to the whole', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bits) => {
      const named = new NamedBits<Lowercase<keyof typeof UFFD_FEATURE>>(UFFD_FEATURE, bits)
      const known = [...named].reduce((sum, name) => sum | UFFD_FEATURE[name.toUpperCase() as 'MOVE'], 0n)
      assert.equal(known | named.unknown, bits)
      assert.equal(known & named.unknown, 0n)
      assert.equal(named.size, [...named].length)
    }),
  )
})

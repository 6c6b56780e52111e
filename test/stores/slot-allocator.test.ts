import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PageNumbers } from '#vmarea/stores/page-numbers.js'
import { SlotAllocator } from '#vmarea/stores/slot-allocator.js'
import { seed } from '../support/seed.js'

test('no slot is given twice, none lies past the limit, and none is refused while one is free', () => {
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 70 }) }),
    fc.record({ free: fc.array(fc.nat(999), { maxLength: 80 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 300 }), (steps, limit) => {
      const slots = new SlotAllocator()
      const taken = new Set<number>()
      for (const each of steps) {
        if ('free' in each) {
          for (const choice of each.free) {
            const slot = [...taken][choice % Math.max(taken.size, 1)]
            if (slot === undefined) continue
            slots.free(slot)
            taken.delete(slot)
          }
        } else {
          const run = slots.take(each.take, limit)
          if (run === undefined) assert.equal(taken.size, limit)
          for (let slot = run?.first ?? 0; slot < (run?.first ?? 0) + (run?.count ?? 0); slot++) {
            assert.ok(!taken.has(slot) && slot < limit, `slot ${slot}`)
            taken.add(slot)
          }
          assert.ok(run === undefined || (run.count >= 1 && run.count <= each.take))
        }
        assert.equal(slots.count, taken.size)
        assert.equal(slots.end, Math.max(-1, ...taken) + 1)
      }
    }),
    { seed, numRuns: 300 },
  )
})

test('slots that follow each other come together where there is such a run', () => {
  const slots = new SlotAllocator()
  assert.deepEqual(slots.take(100, 1000), { first: 0, count: 100 })
  for (let slot = 20; slot < 60; slot++) slots.free(slot)
  slots.free(5)
  assert.deepEqual(slots.take(50, 1000), { first: 100, count: 50 })
  assert.equal(slots.take(200, 150)?.count, 1, 'below a limit that is reached, single slots are used as well')
})

test('a table of page numbers agrees with a Map', () => {
  const step = fc.tuple(fc.oneof(fc.nat(3000), fc.maxSafeNat()), fc.option(fc.nat(2 ** 31 - 1), { nil: undefined }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.boolean(), (steps, wide) => {
      const numbers = new PageNumbers(wide)
      const expected = new Map<number, number>()
      for (const [page, number] of steps) {
        if (number === undefined) {
          numbers.delete(page)
          expected.delete(page)
        } else {
          numbers.set(page, number)
          expected.set(page, number)
        }
        assert.equal(numbers.get(page), expected.get(page) ?? -1)
      }
      for (const [page, number] of expected) assert.equal(numbers.get(page), number)
      assert.deepEqual([...numbers.pages()].sort(), [...expected.keys()].sort())
    }),
    { seed, numRuns: 300 },
  )
})

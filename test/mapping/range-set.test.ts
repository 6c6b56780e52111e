import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RangeSet } from '#vmarea/mapping/memory/range-set.js'
import { seed } from '../support/seed.js'

const LIMIT = 40

const step = fc.record({
  kind: fc.constantFrom('add', 'delete', 'split'),
  start: fc.integer({ min: 0, max: LIMIT }),
  length: fc.integer({ min: 0, max: LIMIT }),
})

test('a RangeSet holds the same offsets as a plain set, through any sequence of changes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(LIMIT), fc.nat(LIMIT), (steps, from, length) => {
      const ranges = new RangeSet()
      const plain = new Set<number>()
      for (const { kind, start, length } of steps) {
        if (kind === 'split') {
          const rest = ranges.splitAt(start)
          const expected = [...plain].filter((offset) => offset >= start).map((offset) => offset - start)
          assert.deepEqual(offsetsOf(rest, 0, 3 * LIMIT), expected.sort(ascending))
          for (const offset of [...plain]) if (offset >= start) plain.delete(offset)
          // What was split off comes back, so that sequences go on with something in the set.
          for (const [a, b] of [...rest.within(0, Number.POSITIVE_INFINITY)]) {
            ranges.add(start + a, start + b)
            for (let offset = a; offset < b; offset++) plain.add(start + offset)
          }
          continue
        }
        ranges[kind](start, start + length)
        for (let offset = start; offset < start + length; offset++) {
          if (kind === 'add') plain.add(offset)
          else plain.delete(offset)
        }
      }
      assert.deepEqual(offsetsOf(ranges, 0, 3 * LIMIT), [...plain].sort(ascending))
      const asked = Array.from({ length }, (_, index) => from + index)
      assert.equal(
        ranges.covers(from, from + length),
        asked.every((offset) => plain.has(offset)),
      )
      assert.deepEqual(
        offsetsOf(ranges, from, from + length),
        asked.filter((offset) => plain.has(offset)),
      )
      const kept = [...ranges.within(0, Number.POSITIVE_INFINITY)]
      for (const [index, [start, end]] of kept.entries()) {
        assert.ok(start < end, 'no empty range is kept')
        if (index > 0) assert.ok(kept[index - 1]![1] < start, 'neighbours are one range')
      }
    }),
    { seed, numRuns: 2000 },
  )
})

test('RangeSet.of takes ranges in any order', () => {
  assert.deepEqual(
    [...RangeSet.of([5, 7], [0, 2], [2, 3]).within(0, 10)],
    [
      [0, 3],
      [5, 7],
    ],
  )
})

function offsetsOf(ranges: RangeSet, from: number, to: number): number[] {
  return [...ranges.within(from, to)].flatMap(([start, end]) =>
    Array.from({ length: end - start }, (_, index) => start + index),
  )
}

function ascending(a: number, b: number): number {
  return a - b
}

// What the page keeps of a process: differences, steps and moments, against the full lists they stand for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { changesBetween } from '#vmarea/snapshot/changes.js'
import { applyDifferences } from '#vmarea/view/data/apply-differences.js'
import { differenceBetween } from '#vmarea/view/data/difference.js'
import { shownName } from '#vmarea/view/data/shown-name.js'
import { type Step, Timeline } from '#vmarea/view/data/timeline.js'
import type { ViewArea } from '#vmarea/view/data/view-area.js'
import { decodeAreas, encodeAreas } from '#vmarea/view/data/wire-areas.js'
import { decodeSteps, encodeSteps } from '#vmarea/view/data/wire-steps.js'
import { seed } from '../support/seed.js'
import { area, areaLists } from './areas.js'

test('a difference makes of the list before the list after', () => {
  fc.assert(
    fc.property(areaLists, areaLists, (before, after) => {
      assert.deepEqual(applyDifferences(before, [differenceBetween(before, after)]), after)
    }),
    { seed, numRuns: 500 },
  )
})

test('a list without a change has an empty difference', () => {
  fc.assert(
    fc.property(areaLists, (areas) => {
      const copy = decodeAreas(encodeAreas(areas, 4096), 4096)
      assert.deepEqual(differenceBetween(areas, copy), { gone: [], put: [] })
    }),
    { seed, numRuns: 200 },
  )
})

test('areas come out of the wire as they went in, through JSON', () => {
  fc.assert(
    fc.property(areaLists, (areas) => {
      const wire = JSON.parse(JSON.stringify(encodeAreas(areas, 4096)))
      assert.deepEqual(decodeAreas(wire, 4096), areas)
    }),
    { seed, numRuns: 200 },
  )
})

test('every moment of a timeline is the list that was seen then, in whatever order they are asked for', () => {
  fc.assert(
    fc.property(
      fc.array(areaLists, { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(80), { maxLength: 40 }),
      (lists, asked) => {
        const timeline = timelineOf(lists)
        assert.equal(timeline.length, lists.length)
        for (const index of asked) {
          const expected = Math.min(index, lists.length - 1)
          assert.deepEqual(timeline.at(index), lists[expected])
          assert.equal(timeline.indexAt(timeline.timeAt(expected)), expected)
        }
      },
    ),
    { seed, numRuns: 60 },
  )
})

test('a timeline with a limit drops its oldest looks, counts them, and keeps the others true', () => {
  fc.assert(
    fc.property(fc.array(areaLists, { minLength: 1, maxLength: 150 }), (lists) => {
      const timeline = timelineOf(lists, 80)
      assert.equal(timeline.length + timeline.dropped, lists.length)
      for (let index = 0; index < timeline.length; index++) {
        assert.deepEqual(timeline.at(index), lists[index + timeline.dropped])
        assert.equal(timeline.timeAt(index), 1000 + (index + timeline.dropped) * 10)
      }
    }),
    { seed, numRuns: 40 },
  )
})

test('steps come out of the wire as they went in, through JSON', () => {
  fc.assert(
    fc.property(fc.array(areaLists, { maxLength: 10 }), (lists) => {
      const steps = stepsOf([[], ...lists])
      assert.deepEqual(decodeSteps(JSON.parse(JSON.stringify(encodeSteps(steps, 4096))), 4096), steps)
    }),
    { seed, numRuns: 100 },
  )
})

test('the changes between two lists are those between their differences alone', () => {
  fc.assert(
    fc.property(areaLists, areaLists, (before, after) => {
      const { gone, put } = differenceBetween(before, after)
      const touched = new Set([...gone, ...put.map(({ startPage }) => startPage)])
      const old = before.filter(({ startPage }) => touched.has(startPage))
      assert.deepEqual(changesBetween(old, put, { usage: true }), changesBetween(before, after, { usage: true }))
    }),
    { seed, numRuns: 300 },
  )
})

test('of a usage that has some of its fields these are kept, and the others are unknown', () => {
  const some = area(1, 2, { usage: { rss: 4096 } as ViewArea['usage'] })
  const [came] = decodeAreas(encodeAreas([some], 4096), 4096)
  assert.equal(came!.usage.rss, 4096)
  assert.equal(came!.usage.swap, null)
})

test('a name shows what would hide in it', () => {
  assert.equal(shownName('/tmp/a\u202egnp.exe'), '/tmp/a\\u{202e}gnp.exe')
  assert.equal(shownName('a\nb\\c\u0007'), 'a\\nb\\\\c\\x07')
  assert.equal(shownName('/srv/größe/日本'), '/srv/größe/日本')
  assert.equal(shownName('a\u2028b'), 'a\\u{2028}b')
})

test('an area at the top of 64 bits keeps its address', () => {
  const top = area(2 ** 52 - 2560, 1, { path: '[vsyscall]' })
  assert.equal(top.start, '0xffffffffff600000')
  assert.deepEqual(decodeAreas(encodeAreas([top], 4096), 4096), [top])
})

function stepsOf(lists: readonly (typeof areaLists extends fc.Arbitrary<infer List> ? List : never)[]): Step[] {
  return lists.slice(1).map((list, at) => ({ time: 1010 + at * 10, ...differenceBetween(lists[at]!, list) }))
}

function timelineOf(lists: Parameters<typeof stepsOf>[0], limit?: number): Timeline {
  const timeline = new Timeline(lists[0]!, 1000, limit)
  for (const step of stepsOf(lists)) timeline.push(step)
  return timeline
}

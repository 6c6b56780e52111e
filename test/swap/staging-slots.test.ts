import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StagingSlots } from '#vmarea/pager/swap/server/staging-slots.js'

const PAGES = 10
const memory = () => new SharedArrayBuffer(PAGES * 4)
const slotsOf = (slots: StagingSlots, ...pages: number[]) => pages.map((page) => slots.of(page))

describe('the slots of staged pages', () => {
  test('pages that are staged one after the other lie beside each other', () => {
    const slots = new StagingSlots(memory())
    assert.equal(slots.take(7, 2), 2)
    assert.equal(slots.take(1, 1), 1)
    assert.equal(slots.take(4, 1), 1)
    assert.deepEqual(slotsOf(slots, 7, 8, 1, 4), [0, 1, 2, 3])
    assert.equal(slots.runOf([7, 8, 1, 4], 0), 4)
    assert.equal(slots.runOf([1, 4, 7, 8], 0), 2)
    assert.equal(slots.runOf([1, 4, 7, 8], 2), 2)
    assert.equal(slots.runFrom(7, 2), 2)
  })

  test('no slot is given twice, and free ones are given again when the others are used up', () => {
    const slots = new StagingSlots(memory())
    assert.equal(slots.take(0, PAGES), PAGES)
    assert.equal(slots.take(0, 1), 0)
    slots.free(2, 1)
    slots.free(4, 2)
    assert.equal(slots.take(4, 2), 1, 'slot 2 has no free neighbour')
    assert.equal(slots.take(5, 1), 1)
    assert.equal(slots.take(2, 1), 1)
    assert.deepEqual(slotsOf(slots, 4, 5, 2), [2, 4, 5])
    assert.equal(slots.take(0, 1), 0)
  })

  test('a slot whose page could not be dropped is used again once it is free', () => {
    const slots = new StagingSlots(memory())
    slots.take(0, PAGES)
    slots.leave(3)
    assert.equal(slots.take(3, 1), 0)
    slots.retry(() => false)
    assert.equal(slots.take(3, 1), 0)
    slots.retry((slot) => slot === 3)
    assert.equal(slots.take(3, 1), 1)
    assert.equal(slots.of(3), 3)
  })

  test('another thread finds each page that has moved, whenever the first one ended', () => {
    const shared = memory()
    const first = new StagingSlots(shared)
    first.take(5, 4)
    // Page 5 has left and was dropped, page 6 is there, 7 had not moved yet; what is in slot 9 belongs to no page.
    const next = new StagingSlots(shared)
    const staged = next.resume([
      { page: 1, count: 1 },
      { page: 3, count: 1 },
      { page: 9, count: 1 },
    ])
    assert.deepEqual(
      staged.map(({ page }) => page),
      [6, 8],
    )
    assert.deepEqual(slotsOf(next, 5, 6, 7, 8), [-1, 1, -1, 3])
    assert.equal(next.take(0, PAGES), 1)
    assert.equal(next.take(1, PAGES), 1)
    assert.deepEqual(slotsOf(next, 0, 1), [0, 2])
    const dropped: number[] = []
    next.retry((slot) => dropped.push(slot) > 0)
    assert.deepEqual(dropped, [9])
  })
})

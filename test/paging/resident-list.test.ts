import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ResidentList } from '#vmarea/paging/resident-list.js'
import { seed } from '../support/seed.js'

const PAGE = 4096

test('the pages that the order of a resident list names are those that are dropped next', () => {
  const touches = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 3 }), fc.boolean()), { maxLength: 80 })
  fc.assert(
    fc.property(touches, fc.integer({ min: 1, max: 20 }), (steps, needed) => {
      let dropped: number[] = []
      const host = {
        writeBacks: undefined,
        hide() {},
        drop(offset: number, length: number) {
          for (let at = offset; at < offset + length; at += PAGE) dropped.push(at / PAGE)
        },
      }
      const list = new ResidentList(host, 24 * PAGE, PAGE)
      for (const [page, count, stays] of steps) {
        if (stays) list.touch(page * PAGE, count * PAGE)
        else list.remove(page * PAGE, count * PAGE)
      }
      const { by, next, candidates, others, hand } = list.order()
      assert.deepEqual([by, hand], ['age', null])
      assert.equal((candidates + others) * PAGE, list.resident)
      assert.equal(next.length, Math.min(candidates + others, 16))
      dropped = []
      list.makeRoom(needed * PAGE)
      const named = next.slice(0, dropped.length)
      assert.deepEqual(
        named.filter((page) => !dropped.includes(page)),
        [],
      )
    }),
    { seed, numRuns: 300 },
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkInvariants } from '#vmarea/model/process/check-invariants.js'
import { Machine } from '#vmarea/model/structs/machine.js'
import { Mm } from '#vmarea/model/structs/mm.js'
import { Vma } from '#vmarea/model/structs/vma.js'

const PAGE = 4096
const room = 400

interface Span {
  start: number
  end: number
}

/** The same searches over a plain sorted list. */
function highestGap(spans: readonly Span[], low: number, high: number, length: number): number {
  const ends = [...spans, { start: Infinity, end: Infinity }]
  for (let at = ends.length - 1; at >= 0; at--) {
    const from = Math.max(at === 0 ? 0 : ends[at - 1]!.end, low)
    const to = Math.min(ends[at]!.start, high)
    if (to - from >= length) return to
  }
  return -1
}

function lowestGap(spans: readonly Span[], low: number, high: number, length: number): number {
  const starts = [{ start: 0, end: 0 }, ...spans]
  for (const [at, { end }] of starts.entries()) {
    const from = Math.max(end, low)
    const to = Math.min(starts[at + 1]?.start ?? Infinity, high)
    if (to - from >= length) return from
  }
  return -1
}

test('the tree finds what a sorted list finds, after any sequence of changes', () => {
  const step = fc.tuple(fc.nat(3), fc.nat(room - 1), fc.integer({ min: 1, max: 4 }))
  const search = fc.tuple(fc.nat(room), fc.nat(room), fc.integer({ min: 1, max: 12 }))
  const property = fc.property(
    fc.array(step, { minLength: 1, maxLength: 500, size: 'max' }),
    fc.array(search, { minLength: 1, maxLength: 20 }),
    (steps, searches) => {
      const machine = new Machine()
      const mm = new Mm(machine, { addressSpace: Infinity, data: Infinity, lockedMemory: 0, stack: 0 }, [])
      const { tree } = mm
      let list: Vma[] = []
      for (const [kind, page, pages] of steps) {
        const start = page * PAGE
        const end = start + pages * PAGE
        const hit = list.find((vma) => vma.start < end && vma.end > start)
        if (hit === undefined) {
          const vma = new Vma(mm, start, end, 0, 0)
          tree.insert(vma)
          list.push(vma)
          list.sort((one, other) => one.start - other.start)
        } else if (kind < 2) {
          tree.remove(hit)
          list = list.filter((vma) => vma !== hit)
        } else if (hit.end - hit.start > PAGE) {
          if (kind === 2) tree.resize(hit, hit.start + PAGE, hit.end)
          else tree.resize(hit, hit.start, hit.end - PAGE)
        }
      }
      for (const vma of list) mm.account(0, (vma.end - vma.start) / PAGE)
      checkInvariants(machine, [mm])
      assert.deepEqual([...tree], list)
      for (const [low, high, pages] of searches) {
        const [from, to, length] = [low * PAGE, high * PAGE, pages * PAGE]
        assert.equal(tree.highestGap(from, to, length), highestGap(list, from, to, length))
        assert.equal(tree.lowestGap(from, to, length), lowestGap(list, from, to, length))
        assert.equal(
          tree.find(from),
          list.find((vma) => vma.end > from),
        )
        assert.equal(
          tree.before(from),
          list.findLast((vma) => vma.start < from),
        )
      }
      for (const [at, vma] of list.entries()) {
        assert.equal(tree.next(vma), list[at + 1])
        assert.equal(tree.previous(vma), list[at - 1])
      }
    },
  )
  fc.assert(property, { numRuns: 200 })
})

test('a tree of many VMAs, filled and emptied in either direction, stays sound', () => {
  for (const backwards of [false, true]) {
    const machine = new Machine()
    const mm = new Mm(machine, { addressSpace: Infinity, data: Infinity, lockedMemory: 0, stack: 0 }, [])
    const count = 5000
    const vmas: Vma[] = []
    for (let at = 0; at < count; at++) {
      const page = 2 * (backwards ? count - at : at + 1)
      const vma = new Vma(mm, page * PAGE, (page + 1) * PAGE, 0, 0)
      vmas.push(vma)
      mm.tree.insert(vma)
      mm.account(0, 1)
    }
    checkInvariants(machine, [mm])
    for (const vma of vmas) {
      mm.tree.remove(vma)
      mm.account(0, -1)
    }
    assert.equal(mm.tree.size, 0)
    checkInvariants(machine, [mm])
  }
})

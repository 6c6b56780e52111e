// Areas with their usage are read from /proc as they are asked for: the process, and other readers of the same file, act in between.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { LinuxAddressSpace } from '#vmarea/linux/areas/linux-address-space.js'
import type { LinuxArea } from '#vmarea/linux/areas/linux-area.js'
import { root } from '../support/root.js'
import { seed } from '../support/seed.js'
import { settled } from '../support/settled.js'
import { until } from '../support/until.js'

const ALL = 1n << 64n
/** Neighbours of other permissions do not merge. Their text is longer than what is read at once. */
const program = `
  const { mapMut, mapNone } = await import(${JSON.stringify(`${root}/dist/index.js`)})
  const held = Array.from({ length: 600 }, (_, index) => (index % 2 ? mapMut : mapNone)({ length: 4096 }))
  console.log(held.length)
  process.stdin.resume()
`
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

async function processOfManyAreas(): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout!, 'data')
  await settled(child.pid!)
  child.kill('SIGSTOP')
  return child as ChildProcess & { pid: number }
}

function outline({ start, end, permissions, flags }: LinuxArea): string {
  return `${start.toString(16)}-${end.toString(16)} ${permissions} ${flags.toString(16)}`
}

const many = await processOfManyAreas()
const space = new LinuxAddressSpace(many.pid)
after(() => space.close())
const usageOf = (area: LinuxArea) => `${outline(area)} ${area.usage().size}`
const whole = [...space.areas(0n, ALL, { usage: true })].map(usageOf)
const ranges = [...space.areas(0n, ALL)].map(({ start, end }) => ({ start, end }))

/** No look-up finds `[vsyscall]`. */
const found = ranges.filter(({ start }) => start < 1n << 63n)

test('the list is the one without usage', () => {
  assert.ok(whole.length > 600)
  assert.deepEqual(
    whole,
    [...space.areas(0n, ALL)].map((area) => `${outline(area)} ${area.end - area.start}`),
  )
})

test('a range gives the areas of the whole list that overlap it', () => {
  const address = fc.nat(ranges.length - 1).chain((index) => {
    const { start, end } = ranges[index]!
    return fc.constantFrom(start - 1n, start, start + 1n, end - 1n, end, 0n, ALL - 1n)
  })
  fc.assert(
    fc.property(address, address, (one, other) => {
      const [from, to] = one < other ? [one, other] : [other, one]
      const expected = whole.filter((_, index) => ranges[index]!.end > from && ranges[index]!.start < to)
      assert.deepEqual([...space.areas(from, to, { usage: true })].map(usageOf), from === to ? [] : expected)
    }),
    { seed, numRuns: 40 },
  )
})

test('iterations and look-ups that take turns do not disturb each other', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(3)), fc.integer({ min: 20, max: 300 }), (turns, most) => {
      const readers = [0, 1, 2].map(() => ({
        areas: space.areas(0n, ALL, { usage: true })[Symbol.iterator](),
        seen: [] as string[],
      }))
      const open = new Set(readers)
      for (let turn = 0; open.size > 0; turn++) {
        const chosen = turns.next().value as number
        if (chosen === 3) {
          const { start, end } = found[turn % found.length]!
          assert.equal(space.lookup(start)!.usage().size, Number(end - start))
          continue
        }
        const reader = readers[chosen]!
        for (let step = 0; step < most; step++) {
          const { done, value } = reader.areas.next()
          if (done) {
            open.delete(reader)
            break
          }
          reader.seen.push(usageOf(value))
        }
      }
      for (const { seen } of readers) assert.deepEqual(seen, whole)
    }),
    { seed, numRuns: 10 },
  )
})

test('an iteration that was ended gives nothing more', () => {
  const areas = space.areas(0n, ALL, { usage: true })[Symbol.iterator]()
  areas.next()
  areas.return!()
  assert.equal(areas.next().done, true)
})

test('a process that ends meanwhile ends the iteration with ESRCH, and no short list', async () => {
  const child = await processOfManyAreas()
  const dying = new LinuxAddressSpace(child.pid)
  const areas = dying.areas(0n, ALL, { usage: true })[Symbol.iterator]()
  assert.equal(areas.next().done, false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await until('its memory is gone', () => !dying.tryGet())
  assert.throws(
    () => {
      while (!areas.next().done);
    },
    { code: 'ESRCH' },
  )
  dying.close()
})

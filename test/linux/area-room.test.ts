// Mappings of one synchronous loop up to the limit of areas: the engine keeps the areas that it requires.
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { survives } from '../support/run-in-child.js'

const mapCount = Number(readFileSync('/proc/sys/vm/max_map_count', 'latin1'))
const skip = mapCount > 300_000 ? `vm.max_map_count is ${mapCount}, and filling it would take too long` : false

// Every second page of one mapping differs, and so each is an area. The loops then take the rest.
const filled = `
const filler = mapNone({ length: ${mapCount} * page })
for (let at = 0; at < ${mapCount} - 4000; at += 2) filler.advise('dontfork', at * page, page)
const named = (error) => {
  assert.equal(error.code, 'ENOMEM')
  assert.match(error.message, /has \\d+ memory areas and vm\\.max_map_count is ${mapCount}/)
  assert.match(error.message, /\\d+ ranges that were unmapped are held for buffers.*await one$/)
  return true
}
// Whether the areas ran out.
const loop = (act) => {
  try {
    for (let count = 0; count < 20000; count++) act(count)
    return false
  } catch (error) {
    return named(error)
  }
}
const useful = () => {
  // The engine still maps memory, compiles and collects.
  const buffers = []
  for (let count = 0; count < 50; count++) buffers.push(new ArrayBuffer(2 ** 20))
  assert.equal(new Function('a', 'return a.length')(buffers), 50)
  globalThis.gc()
}
`

test('holes of unmapped memory between live mappings end in ENOMEM, never in a dead engine', { skip }, async () => {
  await survives(
    `${filled}
    const live = []
    assert.ok(loop(() => {
      const kept = mapMut({ length: page })
      kept.bytes[0] = 1
      live.push(kept)
      const gone = mapMut({ length: page })
      gone.bytes[0] = 2
      gone.unmap()
    }))
    useful()
    // The buffers of what was unmapped are freed when the event loop turns.
    await until('there is room again', () => {
      try {
        return mapMut({ length: page }).bytes[0] === 0
      } catch (error) {
        assert.equal(error.code, 'ENOMEM')
        return false
      }
    })
    assert.ok(live.every((mapping) => mapping.bytes[0] === 1))`,
    { timeout: 300_000 },
  )
})

test('mappings that are dropped in a loop are collected where the areas run out', { skip }, async () => {
  await survives(
    `${filled}
    const protections = [map, mapMut, mapNone]
    // Node 22 and later free what is collected within the loop.
    loop((count) => {
      const mapping = protections[count % 3]({ length: page })
      if (count % 3 === 1) mapping.bytes[0] = 1
    })
    // A refused call makes the engine collect, and nothing here does: without that the loop has no end.
    for (let room = false; !room; ) {
      await turn()
      try {
        room = mapMut({ length: page }).bytes[0] === 0
      } catch (error) {
        assert.equal(error.code, 'ENOMEM')
      }
    }`,
    { timeout: 300_000 },
  )
})

test('parts with another permission, and the holes of mappings that grow elsewhere, stop at the same limit', {
  skip,
}, async () => {
  await survives(
    `${filled}
    const short = (error) => {
      assert.equal(error.code, 'ENOMEM')
      assert.match(error.message, /memory areas and vm\\.max_map_count/)
      return true
    }
    const reserved = reserveMut({ length: 20000 * page })
    assert.throws(() => { for (let at = 0; at < 20000; at += 2) reserved.commit(at * page, page) }, short)
    useful()
    const grown = mapMut.bind(null, { length: page })
    assert.throws(() => { for (;;) { const one = grown(); one.bytes[0] = 1; one.resize(3 * page) } }, short)
    reserved.unmap()
    const last = mapMut({ length: page })
    last.bytes[0] = 7
    last.resize(64 * page)
    assert.equal(last.bytes[0], 7)`,
    { timeout: 300_000 },
  )
})

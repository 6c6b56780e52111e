// When memory goes: at once, with the last handle, with the last view; and that all of it comes back.
import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { type Mmap, map, mapMut, pageSize, reserveMut, thisProcess } from '#vmarea/index.js'
import { addon } from '#vmarea/linux/addon/addon.js'
import { collectGarbage, collectGarbageUntil } from '../support/collect-garbage.js'
import { longRuns } from '../support/long-runs.js'
import { areaAt, memoryAreas } from '../support/memory-areas.js'
import { survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'

const page = pageSize()
const file = temporaryFile(4 * page)
/** Only our files' maps are told by their path: the engine's own come and go. */
const held = () => memoryAreas().filter(({ path }) => path.startsWith(file)).length

describe('memory goes', () => {
  beforeEach(async () => {
    assert.ok(await collectGarbageUntil(() => held() === 0), 'what the test before this one let go of is gone')
  })

  test('at once with unmap, which detaches all views', () => {
    const mapping = map({ file })
    const { start } = mapping
    const views = [mapping.bytes, mapping.view(0, 10), mapping.bytes.subarray(3)]
    mapping.unmap()
    assert.notEqual(areaAt(start)?.path, file)
    assert.deepEqual(
      views.map(({ length }) => length),
      [0, 0, 0],
    )
    assert.equal(held(), 0)
  })

  test('at the end of a using block, also when it throws', () => {
    assert.throws(() => {
      using mapping = map({ file })
      assert.equal(mapping.bytes[1], 1)
      throw new RangeError('mine')
    }, RangeError)
    assert.equal(held(), 0)
  })

  test('when neither handle nor view is left', async () => {
    ;(() => {
      const mapping = map({ file })
      assert.equal(mapping.bytes[1], 1)
      map({ file })
    })()
    assert.equal(held(), 2)
    assert.ok(await collectGarbageUntil(() => held() === 0))
  })

  test('not while a view is left without its handle', async () => {
    const view = (() => map({ file }).bytes)()
    await collectGarbage()
    assert.equal(held(), 1)
    assert.equal(view[7], 7)
  })

  test('not while a handle is left without its view', async () => {
    const mapping = map({ file })
    ;(() => assert.equal(mapping.bytes[7], 7))()
    await collectGarbage()
    assert.equal(mapping.bytes[7], 7)
    assert.equal(held(), 1)
    mapping.unmap()
    assert.ok(await collectGarbageUntil(() => held() === 0))
  })

  test('not while a part of it is left', async () => {
    const tail = (() => map({ file }).splitOff(2 * page))()
    assert.ok(await collectGarbageUntil(() => memoryAreas().every(({ path, offset }) => path !== file || offset > 0)))
    assert.equal(tail.bytes[0], (2 * page) % 251)
    tail.unmap()
    assert.equal(held(), 0)
  })

  test('is kept while a call in the background uses it, even after every handle is collected', async () => {
    const target = new Uint8Array(4 * page)
    const reading = (() => map({ file }).readAsync(0, target))()
    const flushing = (() => map({ file }).flush())()
    await collectGarbage(2)
    await reading
    await flushing
    assert.equal(target[5], 5)
    assert.ok(await collectGarbageUntil(() => held() === 0))
  })

  test('when it is collected while this thread holds the layout for reading: freed at the release', async () => {
    const { addressSpace } = thisProcess().kernel
    const kept = (() => {
      const mappings = [map({ file }), map({ file })]
      assert.equal(mappings[1]!.bytes[1], 1)
      return mappings
    })()
    addressSpace.readLock()
    try {
      kept.length = 0
      await collectGarbage(20)
      assert.equal(held(), 2)
    } finally {
      addressSpace.readUnlock()
    }
    assert.ok(await collectGarbageUntil(() => held() === 0))
  })

  test('and its addresses stay taken until the last buffer is collected, which a call in the background may still use', async () => {
    const { holdsRange } = addon()
    const [start, kept] = (() => {
      const mapping = map({ file })
      const buffers = [mapping.bytes.buffer, mapping.view(page, page).buffer]
      const { start } = mapping
      mapping.unmap()
      return [start, buffers] as const
    })()
    await collectGarbage(10)
    assert.equal(kept[0]!.byteLength, 0)
    assert.equal(holdsRange(start, 4 * page), 1)
    ;(kept as ArrayBuffer[]).length = 0
    assert.ok(await collectGarbageUntil(() => holdsRange(start, 4 * page) === 0))
  })

  test('with the heir, when a handle is moved', async () => {
    const heir = (() => map({ file }).makeNone().makeReadOnly())()
    await collectGarbage()
    assert.equal(heir.bytes[3], 3)
    heir.unmap()
    assert.equal(held(), 0)
  })
})

describe('a stale view has length 0', () => {
  const cases: Record<string, (mapping: Mmap) => unknown> = {
    'after unmap': (mapping) => mapping.unmap(),
    'after dispose': (mapping) => mapping[Symbol.dispose](),
    'after makeMut': (mapping) => mapping.makeMut(),
    'after makeNone': (mapping) => mapping.makeNone(),
    'after makeReadOnly, which changes nothing else': (mapping) => mapping.makeReadOnly(),
    'after splitOff': (mapping) => mapping.splitOff(page),
    'after splitTo': (mapping) => mapping.splitTo(page),
    'after resize to more': (mapping) => mapping.resize(8 * page),
    'after resize to less': (mapping) => mapping.resize(page),
    'after resize within the last page': (mapping) => mapping.resize(4 * page - 1),
  }
  for (const [title, act] of Object.entries(cases)) {
    test(title, () => {
      const mapping = map({ file })
      const views = [mapping.bytes, mapping.view(page, page)]
      const result = act(mapping)
      assert.deepEqual(
        views.map(({ length }) => length),
        [0, 0],
      )
      for (const each of [mapping, result]) (each as Partial<Disposable> | undefined)?.[Symbol.dispose]?.()
    })
  }

  test('after decommit, and not after commit', () => {
    using reserved = reserveMut({ length: 4 * page })
    reserved.commit(0, page)
    const view = reserved.view(0, page)
    reserved.commit(page, page)
    assert.equal(view.length, page)
    reserved.decommit(page, page)
    assert.equal(view.length, 0)
    assert.equal(reserved.view(0, page).length, page)
  })

  test('after a merge, on both sides', () => {
    using left = map({ file })
    const right = left.splitOff(page)
    const views = [left.bytes, right.bytes]
    left.merge(right)
    assert.deepEqual(
      views.map(({ length }) => length),
      [0, 0],
    )
  })

  test('and not after what leaves the memory where it is', async () => {
    using mapping = map({ file, shared: true })
    const { bytes } = mapping
    mapping.lock()
    mapping.unlock()
    mapping.advise('sequential')
    await mapping.populate()
    await mapping.flush()
    mapping.resident()
    mapping.restore()
    mapping.access(() => 0)
    assert.equal(bytes.length, 4 * page)
    assert.equal(bytes[1], 1)
  })
})

test('a second unmap, or dispose of a moved or unmapped handle, does nothing', () => {
  const mapping = mapMut({ length: page })
  const heir = mapping.makeReadOnly()
  mapping.unmap()
  mapping[Symbol.dispose]()
  assert.equal(heir.bytes[0], 0)
  heir.unmap()
  heir.unmap()
  heir[Symbol.dispose]()
})

/** A page that each cycle leaves behind is more than the memory of a process may vary. */
const CYCLES = longRuns ? 20_000 : 10_000

const cycles = (act: string) => `
const status = (field) => Number(new RegExp(field + ':\\\\s+(\\\\d+)').exec(fs.readFileSync('/proc/self/status', 'latin1'))[1])
// V8's heap grows as it likes, in pieces of 256 KiB and more: ours are smaller, or of the file.
const areas = () => fs.readFileSync('/proc/self/maps', 'latin1').trimEnd().split('\\n').filter((line) => {
  const [start, end] = line.split(/[- ]/).map((word) => parseInt(word, 16))
  return end - start < 128 * 1024 || line.includes(args[0])
}).length
const descriptors = () => fs.readdirSync('/proc/self/fd').length
const cycle = async (count) => {
  for (let i = 0; i < count; i++) {
    ${act}
    if (i % 500 === 499) await turns(2)
  }
  await settle()
}
await cycle(${CYCLES / 4})
const before = { rss: status('VmRSS'), areas: areas(), descriptors: descriptors() }
await cycle(${CYCLES})
const after = () => ({ rss: status('VmRSS'), areas: areas(), descriptors: descriptors() })
await until(() => JSON.stringify({ before, after: after() }), () => {
  const { rss, areas, descriptors } = after()
  return areas <= before.areas + 20 && rss <= before.rss + 32_000 && descriptors <= before.descriptors
})
`

describe(`${CYCLES} cycles leave neither memory nor areas nor descriptors behind`, { concurrency: 2 }, () => {
  const kinds: Record<string, string> = {
    'of map, touch and unmap': 'const mapping = mapMut({ length: page }); mapping.bytes[0] = 1; mapping.unmap()',
    'of map and unmap without a view': 'mapMut({ length: 8 * page }).unmap()',
    'of map and touch, left to the garbage collector': 'mapMut({ length: page }).bytes[0] = 1',
    'of map, left to the garbage collector': 'mapMut({ length: page })',
    'of a file, its view kept a while': `
      const { bytes } = map({ file: args[0] })
      ;(globalThis.kept ??= [])[i % 100] = bytes`,
    'of split, merge and transitions': `
      const left = mapMut({ length: 4 * page })
      left.bytes[0] = 1
      const right = left.splitOff(page)
      left.merge(right)
      left.makeNone().makeReadOnly().bytes[0]`,
    'of contained faults': `
      const mapping = map({ length: 2 * page })
      assert.throws(() => mapping.access((bytes) => { bytes[page] = 1 }), MemoryFault)
      if (i % 2) mapping.unmap()`,
    'of faults that nobody answered for': `
      const mapping = map({ length: 2 * page })
      mapping.bytes[0] = 1
      if (i % 2) mapping.unmap()`,
  }
  for (const [title, act] of Object.entries(kinds)) {
    test(title, async () => {
      await survives(cycles(act), { args: [file], timeout: 300_000 })
    })
  }
})

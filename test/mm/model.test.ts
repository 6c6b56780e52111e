import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VM, VmaRef } from '#vmarea/index.js'
import { Machine } from '#vmarea/model.js'

test('a modelled process is seen with the same types', () => {
  const process = new Machine().spawn()
  const mapping = process.mapMut({ length: 3 * 4096 })
  mapping.write(0, new Uint8Array([1]))
  using user = process.mm.mmgetNotZero()
  {
    using guard = user!.mmapReadLock()
    const vma = guard.vmaLookup(mapping.start)!
    assert.equal(vma.flags & (VM.READ | VM.WRITE | VM.EXEC), VM.READ | VM.WRITE)
    assert.ok(vma.start <= mapping.start && mapping.end <= vma.end)
    assert.equal([...guard].filter(({ start }) => start === vma.start).length, 1)
    const [first] = guard.pages({ from: mapping.start, to: mapping.end })
    assert.equal(first!.start, mapping.start)
    vma.zapPageRangeSingle(mapping.start, 4096)
    assert.throws(() => process.mapMut({ length: 4096 }), { code: 'EDEADLK' })
    const bytes = new Uint8Array([7])
    assert.equal(user!.readMemory(mapping.start, bytes), 1)
    assert.equal(bytes[0], 0, 'the zap dropped the page')
    // A reference over a raw area holds no count of the users that it could give back.
    VmaRef.fromRaw(vma.asPtr(), vma.mm).mm[Symbol.dispose]()
  }
  process.mapMut({ length: 4096 }).unmap()
  assert.ok(process.mm.mmgetNotZero())
})

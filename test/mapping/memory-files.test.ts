// Memory files and what their seals do to mappings.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { map, mapMut, memfd, pageSize } from '#vmarea/index.js'
import { beforeLinux } from '../support/before-linux.js'
import { areaAt } from '../support/memory-areas.js'
import { throwsUsage, throwsVm } from '../support/throws.js'

const page = pageSize()

describe('memory files', () => {
  test('each seal forbids what it says', () => {
    using shrink = memfd('s', { size: 2 * page, seals: ['shrink'] })
    throwsVm(() => shrink.truncate(page), 'EPERM')
    shrink.truncate(3 * page)
    using grow = memfd('g', { size: 2 * page, seals: ['grow'] })
    throwsVm(() => grow.truncate(3 * page), 'EPERM')
    grow.truncate(page)
    using write = memfd('w', { size: page, seals: ['write'] })
    throwsVm(() => mapMut({ file: write, shared: true }), 'EPERM')
    using copies = mapMut({ file: write })
    copies.bytes[0] = 1
    using again = map({ file: write })
    assert.equal(again.bytes[0], 0)
    using sealed = memfd('e', { size: page, seals: ['seal'] })
    throwsVm(() => sealed.addSeals('grow'), 'EPERM', /seal/)
  })

  test('the seal against a change of the mode is there', { skip: beforeLinux('6.3', 'F_SEAL_EXEC') }, () => {
    using executable = memfd('x', { size: page, seals: ['exec'] })
    assert.ok(executable.seals.includes('exec'))
  })

  test('a file that is sealed against writing is mapped shared to be read', {
    skip: beforeLinux('6.7', 'shared mappings of a file that is sealed against writing'),
  }, () => {
    using write = memfd('w', { size: page, seals: ['write'] })
    using reading = map({ file: write, shared: true })
    assert.equal(reading.bytes[0], 0)
  })

  test('future-write keeps existing writable maps and refuses new ones', () => {
    using file = memfd('f', { size: page, seals: [] })
    using writer = mapMut({ file, shared: true })
    throwsVm(() => file.addSeals('write'), 'EBUSY', /future-write/)
    file.addSeals('future-write', 'shrink')
    writer.bytes[0] = 9
    using reader = map({ file, shared: true })
    assert.equal(reader.bytes[0], 9)
    throwsVm(() => mapMut({ file, shared: true }), 'EPERM')
    throwsVm(() => reader.makeMut(), 'EACCES')
    assert.deepEqual([...file.seals].sort(), ['future-write', 'shrink'])
  })

  test('live on in their mappings when they are closed', () => {
    const file = memfd('kept', { size: page })
    using mapping = mapMut({ file, shared: true })
    mapping.bytes[0] = 3
    file[Symbol.dispose]()
    assert.equal(mapping.bytes[0], 3)
    assert.match(areaAt(mapping.start)!.path, /memfd:kept/)
    throwsUsage(() => file.size, 'ERR_VMAREA_UNMAPPED')
    throwsUsage(() => file.truncate(0), 'ERR_VMAREA_UNMAPPED')
  })

  test('take names of up to 249 bytes and have the size they were given', () => {
    using file = memfd('ü'.repeat(124), { size: 12345 })
    assert.equal(file.size, 12345)
    using mapping = map({ file })
    assert.equal(mapping.size, 12345)
  })
})

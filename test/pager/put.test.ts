import assert from 'node:assert/strict'
import { readSync, writeSync } from 'node:fs'
import { describe, test } from 'node:test'
import { LinuxKernel } from '#vmarea/linux/linux-kernel.js'
import type { LinuxUserfaultfd } from '#vmarea/linux/userfaultfd/linux-userfaultfd.js'
import { UserfaultfdFilePages } from '#vmarea/pager/source/userfaultfd-file-pages.js'
import { openUserfaultfd } from '#vmarea/userfaultfd/open-userfaultfd.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { skipWithout } from '../userfaultfd/skip.js'

const PAGES = 512
const skip = skipWithout('missing_shmem', 'minor_shmem')

/** A memory file that is watched by a userfaultfd, in two areas: the second half is another mapping of the same. */
function watched() {
  const kernel = new LinuxKernel()
  const { pageSize } = kernel
  const length = PAGES * pageSize
  const descriptor = kernel.files.memfdCreate('put', { sealable: false })
  kernel.files.ftruncate(descriptor, length)
  const { raw } = openUserfaultfd(kernel.userfaultfds, undefined)
  raw.api(UFFD_FEATURE.MISSING_SHMEM | UFFD_FEATURE.MINOR_SHMEM)
  const source = new UserfaultfdFilePages(raw as LinuxUserfaultfd, pageSize)
  const region = kernel.regions.mapRegion(0n, length, PROT.READ, MAP.SHARED, descriptor, 0, pageSize)
  const start = Number(region.start)
  source.watch(start, length, PROT.READ, false)
  const inFile = (page: number) => {
    const bytes = Buffer.alloc(1)
    readSync(descriptor, bytes, 0, 1, page * pageSize)
    return bytes[0]
  }
  const seen = (page: number) => {
    const bytes = new Uint8Array(1)
    assert.equal(region.read(page * pageSize, bytes), undefined)
    return bytes[0]
  }
  const end = () => {
    region.unmap()
    raw.close()
    kernel.files.close(descriptor)
  }
  return { kernel, pageSize, descriptor, source, region, start, inFile, seen, end }
}

describe('pages made and shown in one step', { skip }, () => {
  for (const pages of [1, 16, PAGES]) {
    test(`${pages} of them are in the file and in view`, () => {
      const { pageSize, source, start, inFile, seen, end } = watched()
      const bytes = new Uint8Array(pages * pageSize)
      for (let page = 0; page < pages; page++) bytes.fill(1 + (page % 250), page * pageSize, (page + 1) * pageSize)
      assert.equal(source.put(start, bytes, bytes.length, true), bytes.length)
      for (let page = 0; page < pages; page++) {
        assert.equal(seen(page), 1 + (page % 250))
        assert.equal(inFile(page), 1 + (page % 250))
      }
      end()
    })
  }

  test('a page that is in the file already stops it there', () => {
    const { pageSize, descriptor, source, start, seen, inFile, end } = watched()
    for (const there of [3, 100]) {
      writeSync(descriptor, new Uint8Array(pageSize).fill(9), 0, pageSize, there * pageSize)
    }
    const bytes = new Uint8Array(200 * pageSize).fill(5)
    assert.equal(source.put(start, bytes, bytes.length, true), 3 * pageSize)
    assert.deepEqual([seen(2), inFile(3), inFile(4)], [5, 9, 0])
    end()
  })

  test('memory that it does not watch gets nothing', () => {
    const { kernel, pageSize, descriptor, source, start, inFile, seen, end } = watched()
    source.unwatch(start + 4 * pageSize, (PAGES - 4) * pageSize)
    const bytes = new Uint8Array(8 * pageSize).fill(5)
    assert.equal(source.put(start, bytes, bytes.length, true), 4 * pageSize)
    assert.deepEqual([seen(3), inFile(3), inFile(4)], [5, 5, 0])
    const other = kernel.regions.mapRegion(0n, pageSize, PROT.READ, MAP.SHARED, descriptor, 9 * pageSize, pageSize)
    assert.equal(source.put(Number(other.start), bytes, pageSize, true), 0)
    assert.equal(inFile(9), 0)
    other.unmap()
    end()
  })
})

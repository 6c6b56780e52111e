import assert from 'node:assert/strict'
import { writeSync } from 'node:fs'
import { test } from 'node:test'
import { addon } from '#vmarea/linux/addon/addon.js'
import type { LinuxUserfaultfd } from '#vmarea/linux/userfaultfd/linux-userfaultfd.js'
import { UserfaultfdFilePages } from '#vmarea/pager/source/userfaultfd-file-pages.js'
import { UserfaultfdQueue } from '#vmarea/pager/source/userfaultfd-queue.js'
import { openUserfaultfd } from '#vmarea/userfaultfd/open-userfaultfd.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { kernel, memfd, page } from '../userfaultfd/memory.js'
import { skipWithout } from '../userfaultfd/skip.js'

const skip = skipWithout('missing_shmem', 'minor_shmem', 'poison')
const RW = PROT.READ | PROT.WRITE

/** A private map of two pages, the first of which was shown and then written to, and is the map's own. */
function written() {
  const raw = openUserfaultfd(kernel.userfaultfds, undefined).raw as LinuxUserfaultfd
  raw.api(UFFD_FEATURE.MISSING_SHMEM | UFFD_FEATURE.MINOR_SHMEM | UFFD_FEATURE.POISON)
  const pages = new UserfaultfdFilePages(raw, page)
  const displace = (address: number) => pages.displace(address)
  const faults = new UserfaultfdQueue({ raw, name: 'userfaultfd', pageSize: page, displace })
  const file = memfd(2)
  writeSync(file.descriptor, new Uint8Array(page).fill(1))
  const region = kernel.regions.mapRegion(0n, 2 * page, RW, MAP.PRIVATE, file.descriptor, 0, page)
  const start = Number(region.start)
  pages.watch(start, 2 * page, RW, false)
  assert.equal(pages.show(start, page, true), 0)
  assert.equal(region.write(0, new Uint8Array([7])), undefined)
  const first = (number: number) => {
    const byte = new Uint8Array(1)
    return region.read(number * page, byte)?.reason ?? byte[0]
  }
  return {
    pages,
    faults,
    file,
    start,
    first,
    end() {
      region.unmap()
      faults.close()
      file.close()
    },
  }
}

test('to fail a page that has come meanwhile takes no private copy away', { skip }, () => {
  const { faults, start, first, end } = written()
  faults.fail(start, 2 * page)
  assert.deepEqual([first(0), first(1)], [7, 'poisoned'])
  faults.fail(start, 2 * page)
  assert.deepEqual([first(0), first(1)], [7, 'poisoned'])
  end()
})

test('to take poison away takes no private copy away', { skip }, () => {
  const { pages, faults, file, start, first, end } = written()
  faults.fail(start + page, page)
  assert.equal(addon().uffdTakePoison(start), 0)
  assert.equal(addon().uffdTakePoison(start + page), 0)
  writeSync(file.descriptor, new Uint8Array(page).fill(2), 0, page, page)
  assert.equal(pages.show(start, 2 * page, true), 0)
  assert.deepEqual([first(0), first(1)], [7, 2])
  end()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Machine } from '#vmarea/model.js'
import { thisProcess } from '#vmarea/this-process.js'
import { UFFD_MODE } from '#vmarea/vocabulary/uffd-mode.js'
import { page } from './memory.js'
import { skipWithout } from './skip.js'

const EFAULT = -14
const EBADF = -9
const nonblocking = 0o4000

test('the seam refuses a copy whose source is shorter than the length, and copies nothing of it, on both kernels', {
  skip: skipWithout(),
}, () => {
  for (const process of [new Machine().spawn(), thisProcess()]) {
    using memory = process.mapMut({ length: 2 * page })
    const raw = process.kernel.userfaultfds.userfaultfd(nonblocking)
    raw.api(0n)
    raw.register(memory.start, 2 * page, UFFD_MODE.MISSING)
    for (const length of [2 * page - 1, page, 0]) {
      const source = new Uint8Array(length).fill(1)
      assert.equal(raw.copy(memory.start, source, 2 * page, 0), EFAULT, `${length} bytes of ${2 * page}`)
      assert.equal(raw.done, 0)
    }
    assert.equal(raw.copy(memory.start, new Uint8Array(2 * page).fill(1), page, 0), 0)
    assert.equal(raw.done, page)
    raw.close('zero')
    assert.equal(raw.copy(memory.start, new Uint8Array(page), 2 * page, 0), EBADF)
    assert.deepEqual([...memory.read(page - 1, new Uint8Array(2))], [1, 0])
  }
})

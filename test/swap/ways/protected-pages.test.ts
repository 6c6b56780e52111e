import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapMut, pageSize } from 'vmarea'
import type { LinuxUserfaultfd } from '#vmarea/linux/userfaultfd/linux-userfaultfd.js'
import { LinuxUserfaultfdCalls } from '#vmarea/linux/userfaultfd/linux-userfaultfd-calls.js'
import { PlainStaging } from '#vmarea/pager/swap/server/plain-staging.js'
import { ProtectedPages } from '#vmarea/pager/swap/server/protected-pages.js'
import { openUserfaultfd } from '#vmarea/userfaultfd/open-userfaultfd.js'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { UFFD_MODE } from '#vmarea/vocabulary/uffd-mode.js'
import { patient } from '../../support/patient.js'
import { skipWithout } from '../../userfaultfd/skip.js'

const page = pageSize()

test('a write between the copy of a page and its end waits, and finds the page again', {
  skip: skipWithout('pagefault_flag_wp', 'poison'),
  timeout: patient(60_000),
}, async () => {
  const memory = mapMut({ length: 4 * page })
  const staged = mapMut({ length: 4 * page })
  for (let at = 0; at < 4; at++) memory.write(at * page, new Uint8Array([at + 1]))
  const raw = openUserfaultfd(new LinuxUserfaultfdCalls(), undefined).raw as LinuxUserfaultfd
  raw.api(UFFD_FEATURE.POISON | UFFD_FEATURE.PAGEFAULT_FLAG_WP)
  raw.register(memory.start, memory.size, UFFD_MODE.MISSING | UFFD_MODE.WP)
  const messages = new UffdMessages(1)
  const writes: Promise<unknown>[] = []
  const hideOwn = raw.hideOwn.bind(raw)
  raw.hideOwn = (start, length) => {
    // Another thread writes to a page that is copied already.
    writes.push(memory.writeAsync(page + 1, new Uint8Array([7])))
    assert.equal(raw.wait(messages.bytes, patient(10_000)), 32, 'the write faults')
    assert.equal(messages.isWriteProtected(0), true)
    return hideOwn(start, length)
  }
  const pages = new ProtectedPages(raw, new PlainStaging(page), page)
  assert.equal(pages.leave(Number(memory.start), Number(staged.start), 4 * page), 0)
  assert.equal(pages.done, 4 * page)
  assert.equal(raw.wait(messages.bytes, patient(10_000)), 32, 'the writer faults again')
  assert.equal(messages.isWriteProtected(0), false)
  // A page that is gone already can't leave, and a run ends before it.
  raw.hideOwn = hideOwn
  const copies = staged.read(0, new Uint8Array(4 * page))
  assert.equal(raw.copyOwn(Number(memory.start), copies, 0, 2 * page, 0), 0)
  await Promise.all(writes)
  assert.equal(pages.leave(Number(memory.start) + page, Number(staged.start) + page, 3 * page), 0)
  assert.equal(pages.done, page)
  assert.deepEqual([...staged.read(page, new Uint8Array(2))], [2, 7])
  assert.ok(pages.leave(Number(memory.start) + 2 * page, Number(staged.start), page) < 0)
  assert.equal(pages.done, 0)
  raw.close('zero')
  memory.unmap()
  staged.unmap()
})

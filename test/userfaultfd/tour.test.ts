import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChild } from './in-child.js'
import { skipWithout } from './skip.js'

test('the stop of the tour: a page is made while the main thread waits in bytes[i]', {
  skip: skipWithout('missing_shmem'),
}, () => {
  const serve = () =>
    inChild<{ page: number; text: string; first: number; again: number; resident: number; way: string }>('tour')
  // Another program may get its turn in the midst of what is measured, but not each time.
  let served = serve()
  for (let tries = 0; tries < 5 && served.first <= served.again; tries++) served = serve()
  assert.equal(served.text, 'page 42, made by TypeScript when it was touched')
  assert.equal(served.page, 42)
  assert.equal(served.resident, 1)
  assert.ok(served.first > served.again)
  assert.ok(['device', 'syscall'].includes(served.way))
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { FillBuffers } from '#vmarea/pager/buffers/fill-buffers.js'
import { PagerKernel } from '#vmarea/pager/thread/pager-kernel.js'

describe('memory that answers are written on', () => {
  const kernel = new PagerKernel()
  const { pageSize } = kernel

  test('is zeros each time, of the length that was asked for, and in a buffer of its own', () => {
    const drafts = new FillBuffers(kernel)
    for (const pages of [1, 2, 3, 16, 3, 2, 1, 5, 16, 1]) {
      for (let round = 0; round < 20; round++) {
        const draft = drafts.take(pages * pageSize)
        assert.equal(draft.length, pages * pageSize)
        assert.equal(draft.buffer.byteLength, draft.length)
        assert.ok(draft.every((byte) => byte === 0))
        drafts.giveBack(draft.fill(7), 'returned')
      }
    }
  })

  test('two that are out at once are two', () => {
    const drafts = new FillBuffers(kernel)
    const out = Array.from({ length: 20 }, (_, index) => drafts.take(4 * pageSize).fill(index))
    for (const [index, draft] of out.entries()) {
      assert.ok(draft.every((byte) => byte === index))
      drafts.giveBack(draft, 'resolved')
    }
  })

  test('a run is detached from a driver that keeps it: its array is empty', () => {
    const drafts = new FillBuffers(kernel)
    const kept = drafts.take(2 * pageSize)
    drafts.giveBack(kept, 'resolved')
    assert.equal(kept.length, 0)
    assert.equal(drafts.take(2 * pageSize).length, 2 * pageSize)
  })

  test('a buffer that was transferred is not used again', () => {
    const drafts = new FillBuffers(kernel)
    const draft = drafts.take(2 * pageSize)
    const buffer = draft.buffer as ArrayBuffer & { transfer?(): ArrayBuffer }
    // Node 20 has no way to move it.
    const moved = new Uint8Array(buffer.transfer?.() ?? buffer.slice()).fill(3)
    drafts.giveBack(draft, 'resolved')
    const next = drafts.take(2 * pageSize)
    moved.fill(4) // Contained, where the memory has gone.
    assert.ok(next.every((byte) => byte === 0))
  })

  test('little is kept of what many were given at once', () => {
    const drafts = new FillBuffers(kernel)
    const before = privateMemory()
    const out = Array.from({ length: 40 }, () => drafts.take(2 ** 23))
    const most = privateMemory() - before
    assert.ok(most >= 30 * 2 ** 23, `${most} bytes`)
    for (const draft of out) drafts.giveBack(draft, 'resolved')
    // What a view can reach goes only with it, and these have been taken back.
    const kept = privateMemory() - before
    assert.ok(kept <= 2 ** 26, `${kept} bytes`)
  })

  test('a buffer that a failed driver may still write to is not used again', () => {
    const drafts = new FillBuffers(kernel)
    const failed = [drafts.take(2 * pageSize), drafts.take(pageSize)]
    for (const draft of failed) drafts.giveBack(draft, 'failed')
    const next = Array.from({ length: 40 }, (_, index) => drafts.take((1 + (index % 2)) * pageSize))
    for (const draft of failed) draft.fill(9) // Contained, where the memory has gone.
    for (const draft of next) assert.ok(draft.every((byte) => byte === 0))
  })

  test('a page whose hook continued after it returned a promise is not used again', () => {
    const drafts = new FillBuffers(kernel)
    const kept = drafts.take(pageSize)
    drafts.giveBack(kept, 'resolved')
    const next = Array.from({ length: 40 }, () => {
      const draft = drafts.take(pageSize)
      drafts.giveBack(draft, 'returned')
      return draft
    })
    assert.ok(!next.includes(kept))
  })
})

/** Bytes of private memory that this process may write, there or not. */
function privateMemory(): number {
  const [, kilobytes] = /^VmData:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))!
  return Number(kilobytes) * 1024
}

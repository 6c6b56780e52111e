import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RawWriteback } from '#vmarea/kernel/raw-writeback.js'
import { RequestCounters } from '#vmarea/paging/request-counters.js'
import { WriteBacks } from '#vmarea/paging/write-backs.js'

const PAGE = 4096
const RUN = 4 * PAGE

/** Write-backs of a device whose page n is full of n + 1. */
function writeBacks(write: (writeback: RawWriteback) => void | Promise<void>, timeout = Infinity) {
  const notes: string[] = []
  const backs = new WriteBacks({
    pageSize: PAGE,
    most: RUN,
    timeout,
    counters: new RequestCounters(),
    write,
    protect: () => {},
    copy: (offset, length, into) => {
      const bytes = into?.length === length ? into : new Uint8Array(length)
      for (let at = 0; at < length; at += PAGE) bytes.fill((offset + at) / PAGE + 1, at, at + PAGE)
      return bytes
    },
    note: (offset, length, written) => notes.push(`${offset / PAGE}+${length / PAGE} ${written ? 'written' : 'clean'}`),
    ended: () => {},
  })
  return { backs, notes }
}

const isWhole = ({ offset, bytes }: RawWriteback) =>
  bytes.length === bytes.buffer.byteLength && bytes.every((byte, at) => byte === Math.floor((offset + at) / PAGE) + 1)

test('calls that are pending at once have memory of their own, which a later call is given when they have ended', async () => {
  const pending: { readonly writeback: RawWriteback; end(): void }[] = []
  const buffers = new Set<ArrayBufferLike>()
  const { backs } = writeBacks((writeback) => {
    buffers.add(writeback.bytes.buffer)
    return new Promise((end) => pending.push({ writeback, end }))
  })
  for (let round = 0; round < 2; round++) {
    // The last of three calls is shorter.
    for (let page = 0; page < 10; page++) backs.mark(page * PAGE)
    const flushed = backs.flush(0, 10 * PAGE)
    assert.deepEqual(
      pending.map(({ writeback }) => writeback.bytes.length / PAGE),
      [4, 4, 2],
    )
    for (const { writeback, end } of pending.splice(0)) {
      assert.ok(isWhole(writeback), `the bytes of offset ${writeback.offset}`)
      end()
    }
    await flushed
  }
  assert.equal(buffers.size, 4, 'two whole runs, used twice, and two short ones')
})

test('a hook may transfer the copy away', async () => {
  const { backs } = writeBacks((writeback) => {
    assert.ok(isWhole(writeback))
    structuredClone(writeback.bytes, { transfer: [writeback.bytes.buffer as ArrayBuffer] })
  })
  for (let round = 0; round < 3; round++) {
    for (let page = 0; page < 8; page++) backs.mark(page * PAGE)
    await backs.flush(0, 8 * PAGE)
  }
})

test('pages that were not written again meanwhile are noted as clean in runs', async () => {
  let end = () => {}
  const { backs, notes } = writeBacks(() => new Promise((resolve) => (end = resolve)))
  for (let page = 0; page < 4; page++) backs.mark(page * PAGE)
  const flushed = backs.flush(0, RUN)
  backs.mark(PAGE)
  notes.length = 0
  end()
  await flushed
  assert.deepEqual(notes, ['0+1 clean', '2+2 clean'])
})

test('the signal of a call that is over time is aborted with the error of the flush', async () => {
  let writeback: RawWriteback | undefined
  let end = () => {}
  const { backs } = writeBacks((given) => {
    writeback = given
    return new Promise((resolve) => (end = resolve))
  }, 1)
  backs.mark(0)
  const reason = await backs.flush(0, PAGE).catch((error) => error)
  assert.equal(reason.code, 'ETIMEDOUT')
  // Asked for after the time, as well.
  assert.equal(writeback!.signal.reason, reason)
  end()
})

// The faults of a userfaultfd, and those that come a moment after their page was poisoned.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinuxUserfaultfd } from '#vmarea/linux/userfaultfd/linux-userfaultfd.js'
import { UserfaultfdQueue } from '#vmarea/pager/source/userfaultfd-queue.js'

const PAGE = 4096
const FAULT = 0x12
const OF_PROTECTION = 2n

/** A queue over calls that answer what the test says, and what it called. */
function queueOf(there: Set<number>) {
  let messages: { address: number; flags?: bigint }[] = []
  const calls: string[] = []
  const raw = {
    read(bytes: Uint8Array) {
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      for (const [index, { address, flags = 0n }] of messages.entries()) {
        view.setUint8(index * 32, FAULT)
        view.setBigUint64(index * 32 + 8, flags, true)
        view.setBigUint64(index * 32 + 16, BigInt(address), true)
      }
      return messages.length * 32
    },
    poisonOwn(address: number) {
      calls.push(`poison ${address}`)
      there.add(address)
      return 0
    },
    wake(address: number, length: number) {
      calls.push(`wake ${address} ${length}`)
    },
  }
  const queue = new UserfaultfdQueue({
    raw: raw as unknown as LinuxUserfaultfd,
    name: 'userfaultfd',
    pageSize: PAGE,
    isThere: (page) => there.has(page),
  })
  const take = (...given: typeof messages) => {
    messages = given
    return Array.from({ length: queue.take(0) }, (_, index) => queue.address(index))
  }
  return { queue, calls, take }
}

test('a fault that comes beside the poison of its page is woken, and no driver is asked', () => {
  const there = new Set<number>()
  const { queue, calls, take } = queueOf(there)
  assert.deepEqual(take({ address: PAGE }, { address: 2 * PAGE }), [PAGE, 2 * PAGE])
  queue.fail(PAGE, PAGE)
  assert.deepEqual(calls.splice(0), [`poison ${PAGE}`, `wake ${PAGE} ${PAGE}`])
  // Two threads, and one that waits for another page.
  assert.deepEqual(take({ address: PAGE }, { address: 2 * PAGE }, { address: PAGE }), [2 * PAGE])
  assert.deepEqual(calls.splice(0), [`wake ${PAGE} ${PAGE}`, `wake ${PAGE} ${PAGE}`])
  // The failure has been reported, and the poison taken away.
  there.delete(PAGE)
  assert.deepEqual(take({ address: PAGE }), [PAGE])
  // The page has been filled: a write to it is a fault like any other.
  there.add(PAGE)
  assert.deepEqual(take({ address: PAGE, flags: OF_PROTECTION }), [PAGE])
  assert.deepEqual(calls, [])
})

test('a write to a page that was filled in place of its failure is served', () => {
  const { queue, take } = queueOf(new Set())
  queue.fail(PAGE, PAGE)
  assert.deepEqual(take({ address: PAGE, flags: OF_PROTECTION }), [PAGE])
})

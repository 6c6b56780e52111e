import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { LinuxKernel } from '#vmarea/linux/linux-kernel.js'
import { adoptUserfaultfd } from '#vmarea/linux/userfaultfd/adopt-userfaultfd.js'
import type { LinuxUserfaultfd } from '#vmarea/linux/userfaultfd/linux-userfaultfd.js'
import { openFaultSource } from '#vmarea/pager/source/open-fault-source.js'
import { UserfaultfdQueue } from '#vmarea/pager/source/userfaultfd-queue.js'
import type { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { UFFD_EVENT_CODE } from '#vmarea/vocabulary/uffd-event-code.js'
import { UFFD_FAULT_FLAG } from '#vmarea/vocabulary/uffd-fault-flag.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { UFFD_MODE } from '#vmarea/vocabulary/uffd-mode.js'
import { until } from '../support/until.js'
import { skipWithout } from '../userfaultfd/skip.js'

const kernel = new LinuxKernel()
const page = kernel.pageSize
const PAGES = 8
const OF_PROTECTION = BigInt(UFFD_FAULT_FLAG.WP)

test('a queue hands messages that are no fault to its owner before the faults of the same read', () => {
  const order: string[] = []
  const raw = {
    read(bytes: Uint8Array) {
      const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 3 * 8)
      words.fill(0)
      // As the kernel orders them: the fault is read first, and the event is newer.
      for (const [index, code] of [
        UFFD_EVENT_CODE.REMOVE,
        UFFD_EVENT_CODE.PAGEFAULT,
        UFFD_EVENT_CODE.UNMAP,
      ].entries()) {
        words[index * 8] = code
        words[index * 8 + 4] = code === UFFD_EVENT_CODE.PAGEFAULT ? 5 * page + 7 : 0
      }
      return 3 * 32
    },
  } as LinuxUserfaultfd
  const onEvent = (messages: UffdMessages, index: number) => order.push(`event ${messages.code(index)}`)
  const queue = new UserfaultfdQueue({ raw, name: 'userfaultfd', pageSize: page, onEvent })
  const count = queue.take(0)
  for (let index = 0; index < count; index++) order.push(`fault ${queue.address(index)}`)
  assert.deepEqual(order, [`event ${UFFD_EVENT_CODE.REMOVE}`, `event ${UFFD_EVENT_CODE.UNMAP}`, `fault ${5 * page}`])
})

/** A queue over calls that answer what the test says, and what it called. */
function queueOf(there: Set<number>) {
  let messages: { address: number; flags?: bigint }[] = []
  const calls: string[] = []
  const raw = {
    read(bytes: Uint8Array) {
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      for (const [index, { address, flags = 0n }] of messages.entries()) {
        view.setUint8(index * 32, UFFD_EVENT_CODE.PAGEFAULT)
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
    pageSize: page,
    isThere: (address) => there.has(address),
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
  assert.deepEqual(take({ address: page }, { address: 2 * page }), [page, 2 * page])
  queue.fail(page, page)
  assert.deepEqual(calls.splice(0), [`poison ${page}`, `wake ${page} ${page}`])
  // Two threads, and one that waits for another page.
  assert.deepEqual(take({ address: page }, { address: 2 * page }, { address: page }), [2 * page])
  assert.deepEqual(calls.splice(0), [`wake ${page} ${page}`, `wake ${page} ${page}`])
  // The failure has been reported, and the poison taken away.
  there.delete(page)
  assert.deepEqual(take({ address: page }), [page])
  // The page has been filled: a write to it is a fault like any other.
  there.add(page)
  assert.deepEqual(take({ address: page, flags: OF_PROTECTION }), [page])
  assert.deepEqual(calls, [])
})

test('a write to a page that was filled in place of its failure is served', () => {
  const { queue, take } = queueOf(new Set())
  queue.fail(page, page)
  assert.deepEqual(take({ address: page, flags: OF_PROTECTION }), [page])
})

describe('a queue over private memory', { skip: skipWithout('event_remove', 'poison') }, () => {
  const features = UFFD_FEATURE.EVENT_REMOVE | UFFD_FEATURE.POISON
  const opened = openFaultSource(kernel.userfaultfds, { name: undefined, features, guard: false, deadline: 60_000 })
  const raw = adoptUserfaultfd(opened.give().descriptor)
  const region = kernel.regions.mapRegion(
    0n,
    PAGES * page,
    PROT.READ | PROT.WRITE,
    MAP.PRIVATE | MAP.ANONYMOUS,
    -1,
    0,
    page,
  )
  const start = Number(region.start)
  /** What `take` brought, in the order in which it came. */
  const seen: string[] = []
  const queue = new UserfaultfdQueue({
    raw,
    name: opened.name,
    pageSize: page,
    onEvent(messages, index) {
      assert.equal(messages.code(index), UFFD_EVENT_CODE.REMOVE)
      seen.push(`removed ${(messages.start(index) - start) / page}-${(messages.end(index) - start) / page}`)
    },
  })
  const take = (): void => {
    const count = queue.take(0)
    for (let index = 0; index < count; index++) seen.push(`fault ${(queue.address(index) - start) / page}`)
  }
  const takeUntil = (what: string): Promise<true> =>
    until(what, () => {
      take()
      return seen.includes(what)
    })

  before(() => raw.register(region.start, PAGES * page, UFFD_MODE.MISSING))
  after(() => {
    region.unmap()
    queue.close()
    opened.close()
  })

  test('reports faults, and other messages to its owner', async () => {
    const reading = region.readAsync(3 * page, new Uint8Array(1))
    await takeUntil('fault 3')
    const removing = region.madviseAsync(page, 2 * page, MADV.DONTNEED)
    await takeUntil('removed 1-3')
    await removing
    assert.equal(raw.copy(start + 3 * page, new Uint8Array(page).fill(7), page, 0), 0)
    assert.equal(await reading, undefined)
  })

  test('fails the waiters of a page, and leaves a page that is there', async () => {
    const target = new Uint8Array(1)
    const failing = region.readAsync(5 * page, target)
    await takeUntil('fault 5')
    assert.equal(queue.fail(start + 5 * page, page), 0)
    assert.equal((await failing)?.reason, 'poisoned')
    assert.equal(queue.fail(start + 3 * page, page), 0)
    assert.equal(region.read(3 * page, target), undefined)
    assert.equal(target[0], 7)
  })
})

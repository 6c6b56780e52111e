import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import type { UffdEvent } from '#vmarea/userfaultfd/uffd-event.js'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { inChild } from './in-child.js'
import { anonymous, kernel, page } from './memory.js'
import { Actor } from './scenarios/actor.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('event_remove', 'event_unmap', 'event_remap', 'thread_id')

/** The kernel may go on saying EAGAIN for a moment after the last event was read: the fault comes again until it does not. */
function withoutRetries(order: string[]): string[] {
  return order.filter((word) => word !== 'EAGAIN' && word !== 'pagefault')
}

test('REMOVE while a fault is pending, read raw: the fault comes first and its answer says EAGAIN', { skip }, () => {
  const { order, touched } = inChild('remove-while-faulting', { args: ['raw'] })
  assert.deepEqual(order, ['pagefault', 'EAGAIN', 'remove', 'answered'])
  assert.equal(touched, 7)
})

test('REMOVE while a fault is pending, iterated: the event comes first', { skip }, () => {
  const { order, touched } = inChild<{ order: string[]; touched: number }>('remove-while-faulting', {
    args: ['queued'],
  })
  assert.deepEqual(order.slice(0, 2), ['remove', 'pagefault'])
  assert.deepEqual(withoutRetries(order.slice(2)), ['answered'])
  assert.equal(touched, 7)
})

test('REMOVE between a fault and its answer: the fault is yielded again after the event', { skip }, () => {
  const { order, touched } = inChild<{ order: string[]; touched: number }>('remove-while-faulting', {
    args: ['parked'],
  })
  assert.deepEqual(order.slice(0, 3), ['pagefault', 'EAGAIN', 'remove'])
  assert.deepEqual(withoutRetries(order.slice(3)), ['answered'])
  assert.equal(touched, 7)
})

test('a fault that is to be yielded again survives the end of its loop', { skip }, () => {
  const { order, touched } = inChild<{ order: string[]; touched: number }>('remove-while-faulting', { args: ['left'] })
  assert.deepEqual(order.slice(0, 3), ['pagefault', 'EAGAIN', 'remove'])
  assert.deepEqual(withoutRetries(order.slice(3)), ['answered'])
  assert.equal(touched, 7)
})

test('an unmap wakes its waiters, which the kernel does not', { skip }, () => {
  const told = inChild('layout-events', { args: ['unmap'] })
  assert.deepEqual(told.seen, [{ kind: 'unmap', start: told.start, end: told.end }])
  assert.deepEqual([told.touched, told.unanswered], ['fault', 0])
  const untold = inChild('layout-events', { args: ['unmap-untold'] })
  assert.deepEqual([untold.touched, untold.unanswered], ['fault', 0])
})

test('memory that moves keeps its registration, and waiters at the old place are woken', { skip }, () => {
  const { seen, touched, served, start } = inChild<{
    seen: { kind: string; from: string; length: number }[]
    touched: unknown
    served: number
    start: string
  }>('layout-events', { args: ['move'] })
  const remap = seen.find(({ kind }) => kind === 'remap')!
  assert.deepEqual([remap.from, remap.length === 8 * page], [start, true], JSON.stringify(remap))
  assert.equal(touched, 'fault')
  assert.equal(served, page)
})

test('events: a fault comes with its thread, its kind and its access', {
  skip: skip || skipWithout('exact_address', 'pagefault_flag_wp'),
}, async () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['thread_id', 'exact_address', 'pagefault_flag_wp'] })
  const area = anonymous(4)
  uffd.register(area.start, area.length, ['missing', 'wp'])
  const actor = await Actor.start()
  const touched = actor.act({ do: 'touch', address: area.at(1) + 123n })
  const seen: UffdEvent[] = []
  for await (const event of uffd) {
    seen.push(event)
    if (event.kind === 'pagefault') uffd.copy(area.at(1), page, new Uint8Array(page).fill(5), { writeProtect: true })
    break
  }
  assert.equal(await touched, 5)
  const [event] = seen as [Extract<UffdEvent, { kind: 'pagefault' }>]
  assert.deepEqual(event, {
    kind: 'pagefault',
    address: area.at(1) + (event.address % BigInt(page)),
    fault: 'missing',
    write: false,
    threadId: actor.threadId,
    flags: 0,
  })
  const wrote = actor.act({ do: 'advise', address: area.at(1), length: page, advice: 23 })
  for await (const second of uffd.events()) {
    assert.ok(second.kind === 'pagefault')
    assert.deepEqual([second.fault, second.write, second.flags], ['wp', true, 3])
    uffd.writeProtect(area.at(1), page, false)
    break
  }
  await wrote
  await actor.end()
  area.unmap()
})

test('events: the signal ends the wait with its reason, and leaves the loop to others', { skip }, async () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const controller = new AbortController()
  const reason = new Error('enough')
  setTimeout(() => controller.abort(reason), 20)
  await assert.rejects(async () => {
    for await (const _ of uffd.events({ signal: controller.signal }));
  }, reason)
  await assert.rejects(async () => {
    for await (const _ of uffd.events({ signal: AbortSignal.abort(reason) }));
  }, reason)
})

test('events: ends when the userfaultfd is closed', { skip }, async () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  setTimeout(() => uffd.close(), 20)
  for await (const _ of uffd.events());
  assert.equal(uffd.open, false)
})

test('events: what a loop that ended did not give, the next has', { skip }, async () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(4)
  uffd.register(area.start, area.length)
  const actors = await Promise.all([Actor.start(), Actor.start(), Actor.start()])
  const touched = actors.map((actor, index) => actor.act({ do: 'touch', address: area.at(index) }))
  for (const actor of actors) await actor.waits('handle_userfault')
  const pages = new Set<bigint>()
  for await (const event of uffd.events()) {
    if (event.kind === 'pagefault') pages.add(event.address)
    break
  }
  assert.throws(() => uffd.readEvents(new UffdMessages(4)), { code: 'ERR_VMAREA_WOULD_BLOCK' })
  const next = uffd.readEvent()
  assert.ok(next?.kind === 'pagefault')
  pages.add(next.address)
  for await (const event of uffd.events()) {
    if (event.kind === 'pagefault') pages.add(event.address)
    break
  }
  assert.deepEqual(pages, new Set([area.at(0), area.at(1), area.at(2)]))
  assert.equal(uffd.readEvent(), undefined)
  uffd.zero(area.start, area.length)
  assert.deepEqual(await Promise.all(touched), [0, 0, 0])
  await Promise.all(actors.map((actor) => actor.end()))
  area.unmap()
})

test('serve: a handler that throws leaves no waiter, and the loop continues', {
  skip: skip || skipWithout('poison'),
}, async () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(4)
  uffd.register(area.start, area.length)
  const [one, other] = await Promise.all([Actor.start(), Actor.start()])
  const errors: unknown[] = []
  const controller = new AbortController()
  const serving = uffd.serve(
    async (event) => {
      await sleep(1)
      if (event.kind !== 'pagefault') return
      if (event.address === area.at(1)) throw new Error('no such page')
      uffd.copy(event.address, page, new Uint8Array(page).fill(3))
      uffd.copy(event.address, page, new Uint8Array(page).fill(4)) // EEXIST is no failure
    },
    { signal: controller.signal, onError: (error) => errors.push(error) },
  )
  assert.equal(await one.act({ do: 'touch', address: area.at(1) }), 'fault')
  assert.equal(await other.act({ do: 'touch', address: area.at(2) }), 3)
  assert.deepEqual(errors.map(String), ['Error: no such page'])
  controller.abort()
  await assert.rejects(serving, { name: 'AbortError' })
  await Promise.all([one.end(), other.end()])
  area.unmap()
})

test('waitEvents: the time, an interruption, a fault', { skip }, async () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  using clone = uffd.tryClone()
  const messages = new UffdMessages(2)
  const before = performance.now()
  assert.equal(uffd.waitEvents(messages, 150), 0)
  assert.ok(performance.now() - before >= 149)
  clone.interrupt()
  assert.equal(uffd.waitEvents(messages), 0, 'the next wait of each handle')
  assert.equal(clone.waitEvents(messages), 0)
  assert.equal(uffd.waitEvents(messages, 0), 0, 'and only that')
  const area = anonymous(4)
  uffd.register(area.start, area.length)
  const actor = await Actor.start()
  const touched = actor.act({ do: 'touch', address: area.at(2) + 5n })
  assert.equal(uffd.waitEvents(messages), 1)
  assert.deepEqual(
    [messages.isFault(0), messages.address(0, page), messages.isWrite(0)],
    [true, Number(area.at(2)), false],
  )
  uffd.zero(messages.address(0, page), page)
  assert.equal(await touched, 0)
  await actor.end()
  area.unmap()
})

// Monitors that die between two steps: the handler lets go of them, and serves the others.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { type Guest, type Guests, listenForGuests, type PageSource } from '#vmarea/guests.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor, patternOf } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
const page = 4096
const bytes = patternOf(64)
const good = { good: 64, zero: 0, other: 0, poisoned: 0 }
let count = 0

/** Reads wait until the test releases them. */
class HeldSource implements PageSource {
  readonly size = bytes.length
  readonly waiting: (() => void)[] = []
  held = true

  async read(offset: number, target: Uint8Array): Promise<void> {
    if (this.held) await new Promise<void>((resolve) => this.waiting.push(resolve))
    target.set(bytes.subarray(offset, offset + target.length))
  }

  letGo(): void {
    this.held = false
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}

interface Served {
  readonly monitor: Monitor
  readonly guest: Guest
  readonly source: HeldSource
}

/** What the monitor and the handler did before the monitor is killed. */
const steps: Readonly<Record<string, (served: Served) => Promise<void>>> = {
  'when it was accepted': async () => {},
  'while its source is opened': async ({ guest, source }) => {
    void guest.serve(source).catch(() => {})
  },
  'when it is served': async ({ guest, source }) => guest.serve(source),
  'while a page is read': async ({ monitor, guest, source }) => {
    await guest.serve(source, { around: page })
    monitor.check(3, 1).catch(() => {})
    await until('a read', () => source.waiting.length > 0)
  },
  'while its memory is prefetched': async ({ guest, source }) => {
    await guest.serve(source, { around: page })
    void guest.prefetchAll()
    await until('a read', () => source.waiting.length > 0)
  },
  'while it gives pages back': async ({ monitor, guest, source }) => {
    source.letGo()
    await guest.serve(source, { around: page })
    monitor.ask('race', 0, 64, 1_000_000, 1).catch(() => {})
    await until('removals', () => guest.statistics.removals > 3)
  },
  'while its dirty pages are asked for': async ({ monitor, guest, source }) => {
    source.letGo()
    await guest.serve(source, { dirty: true })
    await monitor.ask('write', 0, 64, 1)
    void guest.dirty({ reset: true }).catch(() => {})
  },
  'when it was closed here': async ({ guest, source }) => {
    await guest.serve(source)
    await guest.close()
  },
}

async function checkAnother(guests: Guests, path: string): Promise<void> {
  await using monitor = new Monitor(path, ['regions=64'])
  const guest = await nextOf(guests)
  const source = new HeldSource()
  source.letGo()
  await guest.serve(source)
  assert.deepEqual(await monitor.check(0, 64), good)
  await monitor.kill()
  await guest.closed
}

async function nextOf(guests: Guests): Promise<Guest> {
  for await (const guest of guests) return guest
  throw new Error('no guest came')
}

for (const [name, step] of Object.entries(steps)) {
  test(`a monitor that dies ${name} leaves nothing behind, and another is served`, { skip }, async () => {
    const path = `@vmarea-deaths-${process.pid}-${count++}`
    await using guests = await listenForGuests(path)
    await checkAnother(guests, path)
    const descriptors = () => readdirSync('/proc/self/fd').length
    const before = descriptors()
    const monitor = new Monitor(path, ['regions=64'])
    const guest = await nextOf(guests)
    const source = new HeldSource()
    await step({ monitor, guest, source })
    await monitor.kill()
    assert.equal((await guest.closed).reason, name.endsWith('closed here') ? 'closed' : 'gone')
    source.letGo()
    await until('it is let go of', () => guests.open.size === 0)
    await checkAnother(guests, path)
    await until(
      () => `${descriptors()} descriptors, and ${before} before`,
      () => descriptors() <= before,
    )
  })
}

test('a monitor that dies before its message is whole is refused, and another is served', { skip }, async () => {
  const path = `@vmarea-deaths-${process.pid}-${count++}`
  const refused: string[] = []
  await using guests = await listenForGuests(path, { onRefused: (error) => refused.push((error as Error).message) })
  for (const [last, message] of [
    ['connect', /empty/],
    ['part', /ends after 10 characters/],
  ] as const) {
    const monitor = new Monitor(path, ['regions=64', 'pieces', `last=${last}`])
    await monitor.ended
    assert.match(await until('it is refused', () => refused.pop()), message)
    await checkAnother(guests, path)
  }
  const monitor = new Monitor(path, ['regions=64', 'last=message'])
  await monitor.ended
  let taken: Guest | undefined
  void nextOf(guests).then(
    (guest) => {
      taken = guest
    },
    () => {}, // The listener was closed.
  )
  const guest = await until('it is taken or refused', () => taken ?? refused.pop())
  if (typeof guest === 'object') assert.equal((await guest.closed).reason, 'gone')
  else assert.match(guest, /ESRCH/)
})

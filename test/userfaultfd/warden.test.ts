import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { openUserfaultfd } from '#vmarea/userfaultfd/open-userfaultfd.js'
import { UFFD } from '#vmarea/vocabulary/uffd.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { UFFD_MODE } from '#vmarea/vocabulary/uffd-mode.js'
import { UFFD_RESOLVE_MODE } from '#vmarea/vocabulary/uffd-resolve-mode.js'
import { patient } from '../support/patient.js'
import { raiseHugePages } from '../support/raise-huge-pages.js'
import { inChild } from './in-child.js'
import { kernel, page } from './memory.js'
import { Actor } from './scenarios/actor.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('poison', 'minor_shmem', 'wp_hugetlbfs_shmem')
const HUGE = 2 << 20
const skipHuge = skipWithout('poison', 'missing_hugetlbfs') || raiseHugePages(2)
const LONG = 60_000
// What an ending is tried on, and what is in them.
const pages = Array.from({ length: 10 }, (_, index) => index)
const bytes = pages.map((index) => index + 1)
const POISONED = 'read poisoned'

interface Ends {
  first: { seen: unknown; took: number }
  next: { seen: unknown[]; took: number }
  failed: string[]
  untouched: unknown
  healed: unknown[]
  after: string[]
}

for (const ending of ['throw', 'exit', 'terminate']) {
  test(`a server that ends (${ending}): what waits and what is touched later fails at once, until another serves`, {
    skip,
  }, () => {
    const { first, next, failed, untouched, healed, after } = inChild<Ends>('warden', {
      args: ['ends', ending, String(LONG)],
    })
    assert.deepEqual(
      [first.seen, ...next.seen],
      pages.map(() => POISONED),
    )
    assert.ok(first.took + next.took < LONG / 4, `it took ${first.took} and ${next.took} ms`)
    const early = ending === 'terminate' ? ['20 no-server'] : []
    assert.deepEqual(failed, [...early, ...pages.map((index) => `${index} no-server`)])
    assert.deepEqual([untouched, ...healed], [11, ...bytes], 'nothing is poisoned that nobody touched')
    assert.deepEqual(after, [])
  })
}

test('a server that loops for ever: its fault times out, and then each fails at once, until another serves', {
  skip,
}, () => {
  const { first, next, failed, untouched, healed, after } = inChild<Ends>('warden', { args: ['ends', 'loop', '1500'] })
  assert.deepEqual(
    [first.seen, ...next.seen],
    pages.map(() => POISONED),
  )
  assert.ok(first.took >= 1500, `${first.took} ms`)
  // The first of them has to wait until it is clear that nobody reads; the others need not.
  assert.ok(next.took >= 1500 && next.took < 9 * 1500, `${next.took} ms`)
  assert.deepEqual(failed, ['0 timeout', ...pages.slice(1).map((index) => `${index} no-server`)])
  assert.deepEqual([untouched, ...healed], [11, ...bytes])
  assert.deepEqual(after, [])
})

test('a server that reads and never answers: each access fails at the deadline, once and for its page alone', {
  skip,
}, () => {
  const { first, guarded, failed, again } = inChild<{
    first: { seen: unknown; took: number }
    guarded: unknown
    failed: string[]
    again: string[]
  }>('warden', { args: ['mute', '', '1000'] })
  assert.deepEqual([first.seen, guarded], [POISONED, POISONED])
  assert.ok(first.took >= 1000, `${first.took} ms`)
  assert.deepEqual([failed, again], [['3 timeout', '7 timeout'], []])
})

test('an answer that comes too late shows the page, and harms nothing where the guard has covered it', { skip }, () => {
  const answer = inChild('warden', { args: ['late', '', '1000'] })
  assert.deepEqual(answer, {
    first: POISONED,
    code: 0,
    covered: -2, // ENOENT: what is there is not registered
    faults: 2,
    after: [6, 7],
    failed: ['5 timeout', '6 timeout'],
  })
})

test('with keepWaiting the next server answers the waiters', { skip }, () => {
  const answer = inChild('warden', { args: ['next', 'comes', String(LONG)] })
  assert.deepEqual(answer, { seen: 1, failed: [] })
})

test('with keepWaiting and no next server, waiters fail at the deadline', { skip }, () => {
  const answer = inChild('warden', { args: ['next', 'none', '2000'] })
  assert.deepEqual(answer, { seen: 'fault', failed: ['0 no-server'] })
})

test('a write that waits for a protected page: one of a file fails, one that is nowhere else succeeds', {
  skip,
}, () => {
  const answer = inChild('warden', { args: ['write', '', '1000'] })
  assert.deepEqual(answer, { before: 9, shared: 'write poisoned', held: 6, failed: 2 })
})

test('the time in which the process was stopped does not count', { skip }, async () => {
  const script = fileURLToPath(new URL('./scenarios/warden.js', import.meta.url))
  const child = spawn(process.execPath, [script, 'stopped', '', '2000'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), patient(30_000))
  try {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    while (!output.includes('read\n')) await once(child.stdout, 'data')
    child.kill('SIGSTOP')
    await sleep(3000)
    child.kill('SIGCONT')
    await once(child, 'close')
    assert.deepEqual(JSON.parse(output.trim().split('\n').at(-1)!), { seen: 1, failed: [] })
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
})

test('the deadline thread does not wake for a fault', { skip }, () => {
  const { switches, took } = inChild<{ switches: number; took: number }>('warden', {
    args: ['quiet', '', String(LONG)],
  })
  assert.ok(switches <= took / 250 + 50, `${switches} times in ${took} ms and 1023 faults`)
})

test('what waited in memory that was unmapped is forgotten: a later area there is not blamed for it', {
  skip,
}, async () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const mapping = thisProcess().mapMut({ length: page })
  uffd.register(mapping.start, page)
  const actor = await Actor.start()
  const touched = actor.act({ do: 'touch', address: mapping.start })
  await actor.waits('handle_userfault')
  assert.equal(uffd.readEvent()?.kind, 'pagefault')
  assert.equal(uffd.unanswered().read.length, 1)
  mapping.unmap()
  assert.equal(uffd.unanswered().read.length, 0)
  assert.equal(await touched, 'fault')
  await actor.end()
})

test('at the deadline, a thread that waits for a huge page which is there already wakes', {
  skip: skipHuge,
}, async () => {
  const { raw } = openUserfaultfd(kernel.userfaultfds, false)
  raw.api(UFFD_FEATURE.MISSING_HUGETLBFS)
  const mapping = thisProcess().mapMut({ length: HUGE, hugePages: HUGE })
  raw.register(mapping.start, HUGE, UFFD_MODE.MISSING)
  const actor = await Actor.start()
  const touched = actor.act({ do: 'touch', address: mapping.start + 5n * BigInt(page) })
  await actor.waits('handle_userfault')
  assert.equal(raw.read(new Uint8Array(32)), 32)
  // Installed, and nobody is woken: the thread waits at the sixth of the base pages that the huge one has.
  assert.equal(raw.copy(mapping.start, new Uint8Array(HUGE).fill(3), HUGE, UFFD_RESOLVE_MODE.DONTWAKE), 0)
  raw.setDeadline!(50)
  assert.equal(await touched, 3)
  await actor.end()
  raw.close('zero')
  mapping.unmap()
})

test('a deadline that is none, and a userfaultfd that may wait in a read, are refused', { skip }, () => {
  const { raw, way } = openUserfaultfd(kernel.userfaultfds, false)
  raw.api(0n)
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    assert.throws(() => raw.setDeadline!(wrong), { name: 'VmError', code: 'EINVAL' })
  }
  raw.setDeadline!(10)
  raw.setDeadline!(0)
  raw.close('zero')
  assert.throws(() => raw.setDeadline!(10), { name: 'VmError', code: 'EBADF' })
  const waiting =
    way === 'device'
      ? kernel.userfaultfds.userfaultfdFromDevice(UFFD.CLOEXEC)
      : kernel.userfaultfds.userfaultfd(UFFD.CLOEXEC)
  waiting.api(0n)
  assert.throws(() => waiting.setDeadline!(10), { name: 'VmError', code: 'EINVAL' })
  waiting.close('zero')
})

import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { afterEach, test } from 'node:test'
import fc from 'fast-check'
import type { PageRun } from '#vmarea/kernel/address-space.js'
import { addon } from '#vmarea/linux/addon/addon.js'
import { LinuxAddressSpace } from '#vmarea/linux/areas/linux-address-space.js'
import { canScanPagemap } from '#vmarea/linux/proc/pagemap.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PAGE_STATE } from '#vmarea/vocabulary/page-state.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { kernel } from '../../userfaultfd/memory.js'
import { skipWithout } from '../../userfaultfd/skip.js'
import { bringInPages, calls, mapRaw, PAGE, unmapAll } from '../raw-maps.js'

const scanning = new LinuxAddressSpace('self')
const reading = new LinuxAddressSpace('self', { pagemapScan: false })
const { PRESENT, FILE, ZERO, HUGE, SWAPPED, GUARD } = PAGE_STATE
const ONLY_BY_SCAN = ZERO | HUGE

afterEach(() => unmapAll())

/** Without the mark of soft-dirty pages, which not every kernel keeps and each new area has. */
function seen(state: number): number {
  return state & ~PAGE_STATE.DIRTY
}

function statesAt(space: LinuxAddressSpace, address: bigint, pages: number): (number | undefined)[] {
  const states: (number | undefined)[] = new Array(pages).fill(undefined)
  let last: PageRun | undefined
  for (const run of space.pages(address, address + BigInt(pages) * PAGE)) {
    assert.ok(run.start < run.end)
    assert.ok(
      last === undefined || last.end < run.start || (last.end === run.start && last.state !== run.state),
      'runs are joined',
    )
    last = run
    for (let at = run.start; at < run.end; at += PAGE) states[Number((at - address) / PAGE)] = seen(run.state)
  }
  return states
}

const scan = { skip: !canScanPagemap() && 'needs PAGEMAP_SCAN (Linux 6.7)' }

test('a random history of touches, guards, zaps and holes shows page by page, by both ways', scan, (context) => {
  const guards = guardsAreKnown()
  if (!guards) context.diagnostic('without guard pages: this kernel has none')
  const pages = 24
  const step = fc.tuple(
    fc.constantFrom('write', 'read', 'zap', 'hole', ...(guards ? ['guard', 'unguard'] : [])),
    fc.nat(pages - 1),
    fc.integer({ min: 1, max: 6 }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.boolean(), (steps, shared) => {
      const start = mapRaw(pages, shared ? MAP.SHARED : MAP.PRIVATE)
      calls.madvise(start, pages * Number(PAGE), MADV.NOHUGEPAGE)
      const model: (number | undefined)[] = new Array(pages).fill(0)
      // A read of shared memory maps its neighbours as well (fault-around): there only writes say which pages are there.
      const written = PRESENT | (shared ? FILE : 0)
      for (const [action, from, count] of steps) {
        for (let page = from; page < Math.min(from + count, pages); page++) {
          const address = start + BigInt(page) * PAGE
          const was = model[page]
          if (was === undefined) continue
          const advise = (advice: number) => calls.madvise(address, Number(PAGE), advice)
          if (action === 'hole') {
            calls.munmap(address, Number(PAGE))
            model[page] = undefined
          } else if (action === 'guard') {
            advise(MADV.GUARD_INSTALL)
            model[page] = SWAPPED | GUARD
          } else if (action === 'unguard') {
            advise(MADV.GUARD_REMOVE)
            if ((was & GUARD) !== 0) model[page] = 0
          } else if ((was & GUARD) !== 0) {
            // A touch would fault; a zap leaves the guard.
            if (action === 'zap') advise(MADV.DONTNEED)
          } else if (action === 'zap') {
            advise(MADV.DONTNEED)
            model[page] = 0
          } else if (action === 'write' || shared) {
            advise(MADV.POPULATE_WRITE)
            model[page] = written
          } else {
            advise(MADV.POPULATE_READ)
            if (was === 0) model[page] = PRESENT | ZERO
          }
        }
      }
      assert.deepEqual(statesAt(scanning, start, pages), model)
      assert.deepEqual(
        statesAt(reading, start, pages),
        model.map((state) => (state === undefined ? undefined : state & ~ONLY_BY_SCAN)),
      )
      unmapAll()
    }),
    { numRuns: 60 },
  )
})

test('pages of a file are distinguished from anonymous ones, and a private copy from the file', scan, () => {
  const descriptor = openSync(process.execPath, 'r')
  const start = mapRaw(2, MAP.PRIVATE, { descriptor })
  closeSync(descriptor)
  calls.madvise(start, 2 * Number(PAGE), MADV.POPULATE_READ)
  assert.deepEqual(statesAt(scanning, start, 2), [PRESENT | FILE, PRESENT | FILE])
  calls.madvise(start, Number(PAGE), MADV.POPULATE_WRITE)
  for (const space of [scanning, reading]) assert.deepEqual(statesAt(space, start, 2), [PRESENT, PRESENT | FILE])
})

test('memory far from any page table is one run of nothing, by both ways', scan, () => {
  const pages = 8192
  const start = mapRaw(pages, MAP.PRIVATE | MAP.NORESERVE)
  for (const space of [scanning, reading]) {
    const runs = [...space.pages(start, start + BigInt(pages) * PAGE)]
    assert.deepEqual(
      runs.map((run) => ({ ...run, state: seen(run.state) })),
      [{ start, end: start + BigInt(pages) * PAGE, state: 0 }],
    )
  }
})

test('pages that a userfaultfd protects against writing are reported, by both ways', {
  skip:
    skipWithout('pagefault_flag_wp') ||
    ((reading.knownPageStates & PAGE_STATE.WRITE_PROTECTED) === 0 && 'an entry says so from Linux 5.14 on'),
}, () => {
  const start = mapRaw(4, MAP.PRIVATE)
  bringInPages(start, 3)
  const userfaultfd = bindUserfaultfd(() => kernel).create({ features: ['pagefault_flag_wp'] })
  userfaultfd.register(start, 4 * Number(PAGE), 'wp')
  userfaultfd.writeProtect(start + PAGE, Number(PAGE))
  for (const space of [scanning, reading]) {
    assert.deepEqual(statesAt(space, start, 4), [PRESENT, PRESENT | PAGE_STATE.WRITE_PROTECTED, PRESENT, 0])
  }
  userfaultfd.close({ missing: 'zero' })
})

test('more runs than one call gives come whole and without doubles', scan, () => {
  const pages = 12_000
  const start = mapRaw(pages, MAP.PRIVATE)
  calls.madvise(start, pages * Number(PAGE), MADV.NOHUGEPAGE)
  for (let page = 0; page < pages; page += 2)
    calls.madvise(start + BigInt(page) * PAGE, Number(PAGE), MADV.POPULATE_WRITE)
  let at = start
  let runs = 0
  for (const run of scanning.pages(start, start + BigInt(pages) * PAGE)) {
    assert.equal(run.start, at)
    assert.equal(run.end, at + PAGE)
    assert.equal(seen(run.state), runs % 2 === 0 ? PRESENT : 0)
    at = run.end
    runs++
  }
  assert.equal(runs, pages)
})

test('the runs of the whole address space are those of its parts', scan, () => {
  const start = mapRaw(64, MAP.PRIVATE, { protection: PROT.READ })
  calls.madvise(start, 8 * Number(PAGE), MADV.POPULATE_READ)
  const whole = [...scanning.pages(0n, 1n << 64n)].filter((run) => run.start < start + 64n * PAGE && run.end > start)
  assert.ok(whole.length >= 2)
  const states = statesAt(scanning, start, 64)
  for (const run of whole) {
    let at = run.start
    if (at < start) at = start
    for (; at < run.end && at < start + 64n * PAGE; at += PAGE) {
      assert.equal(states[Number((at - start) / PAGE)], seen(run.state))
    }
  }
})

test('what this kernel can tell of a page is declared', () => {
  assert.equal(reading.knownPageStates & ONLY_BY_SCAN, 0)
  assert.notEqual(reading.knownPageStates & PRESENT, 0)
})

function guardsAreKnown(): boolean {
  const page = mapRaw(1, MAP.PRIVATE)
  const known = addon().madvise(page, Number(PAGE), MADV.GUARD_INSTALL) === 0
  unmapAll()
  return known
}

import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { MREMAP } from '#vmarea/vocabulary/mremap.js'
import { ARENA } from '../differential/arena.js'
import type { Call } from '../differential/call.js'
import { runCase } from '../differential/check.js'
import { describeCall } from '../differential/describe.js'
import { KernelSide } from '../differential/kernel-side.js'
import { whyNotComparable } from '../differential/why-not-comparable.js'

// Areas of real drivers beside areas of modelled ones that make the same calls in their hooks: after each call, results, flags and what
// is resident must be the same.

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const { PAGE, START, END } = ARENA
const there = START + 8 * PAGE
const elsewhere = START + 24 * PAGE

interface Live {
  readonly name: string
  readonly slot: number
  readonly start: number
  readonly pages: number
}

const areas: readonly Live[] = [
  { name: 'an AF_PACKET ring', slot: 8, start: there, pages: 4 },
  // Its driver takes no address, and the kernel's own search ends at the top.
  { name: 'an io_uring ring', slot: 9, start: END - 3 * PAGE, pages: 3 },
  { name: 'a perf_event buffer', slot: 10, start: there, pages: 3 },
]

function map({ slot, start, pages }: Live, type: number, protection = 3): Call {
  return ['mmap', slot === 9 ? 0 : start, pages * PAGE, protection, type | (slot === 9 ? 0 : MAP.FIXED), slot, 0]
}

const types = [MAP.SHARED, MAP.PRIVATE, MAP.SHARED | MAP.POPULATE, MAP.SHARED | MAP.LOCKED]

/** What is asked of an area, after which it is looked at, touched, and mostly changed back. */
function questions({ start, pages }: Live): readonly (readonly Call[])[] {
  const whole = pages * PAGE
  const second = start + PAGE
  const touches: Call[] = [
    ['touch', start],
    ['touch', second],
    ['write', start, 0x90],
    ['write', second, 0x90],
  ]
  const moves = MREMAP.MAYMOVE | MREMAP.FIXED
  const advices = Object.entries(MADV).filter(([name]) => !['HWPOISON', 'SOFT_OFFLINE'].includes(name))
  return [
    touches,
    ...advices.flatMap(([, advice]): Call[][] => [
      [['madvise', start, whole, advice], ...touches],
      [['madvise', second, PAGE, advice], ...touches],
    ]),
    ...[0, 1, 3, 5].flatMap((protection): Call[][] => [
      [['mprotect', start, whole, protection], ...touches, ['mprotect', start, whole, 3], ...touches],
      [['mprotect', second, PAGE, protection], ...touches, ['mprotect', second, PAGE, 3], ...touches],
    ]),
    [['munmap', second, PAGE], ...touches],
    [['munmap', start, PAGE], ...touches],
    [['munmap', start, whole], ...touches],
    [['mremap', start, whole, whole + PAGE, 0, 0], ...touches],
    [['mremap', start, whole, whole + 4 * PAGE, MREMAP.MAYMOVE, 0], ...touches],
    [['mremap', start, whole, whole - PAGE, 0, 0], ...touches],
    [
      ['mremap', start, whole, whole, moves, elsewhere],
      ['touch', elsewhere],
      ['touch', start],
    ],
    [['mremap', second, PAGE, PAGE, moves, elsewhere], ['touch', elsewhere], ...touches],
    [
      ['mremap', start, whole, whole + PAGE, moves, elsewhere],
      ['touch', elsewhere + whole],
    ],
    [['mremap', start, 0, whole, MREMAP.MAYMOVE, 0], ...touches],
    [['mremap', start, whole, whole, MREMAP.MAYMOVE | MREMAP.DONTUNMAP, elsewhere], ['touch', elsewhere], ...touches],
    [
      ['mlock2', start, whole, 0],
      ['munlock', start, whole],
    ],
    [['mlock2', second, PAGE, 1], ...touches],
    [
      ['madvise', second, PAGE, MADV.DONTNEED],
      ['mlock2', start, whole, 0],
    ],
    [['mlockall', 3], ...touches, ['munlockall']],
    [['fork', 0], ...touches],
    [['fork', 1], ...touches],
    [['madvise', start, whole, MADV.DOFORK], ['fork', 0], ...touches],
    [['madvise', start, whole, MADV.DONTFORK], ['fork', 0], ...touches],
    [['mincore', start, whole]],
    [['msync', start, whole, 4]],
    [['mseal', start, whole, 0], ['munmap', start, whole], ['madvise', start, whole, MADV.DONTNEED], ...touches],
    // Over it, and what fails over something else leaves a hole.
    [['mmap', second, PAGE, 3, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, 0, 0], ...touches],
  ]
}

for (const area of areas) {
  test(`the model's area is what ${area.name} is, whatever is asked of it`, {
    skip: whyNotComparable(),
  }, async (context) => {
    const kernel = new KernelSide(root)
    try {
      if (!(await kernel.host()).drivers) return context.skip('wants packet sockets, io_uring and perf events')
      for (const type of types) {
        for (const protection of [3, 1]) {
          for (const asked of questions(area)) {
            const calls = [map(area, type, protection), ...asked]
            const difference = await runCase(kernel, calls)
            const lines = calls.map(describeCall).join('\n')
            assert.equal(difference, undefined, `${lines}\n${difference?.model}\nbut ${difference?.kernel}`)
          }
        }
      }
    } finally {
      kernel.close()
    }
  })
}

test('a driver that refuses a length leaves a hole where something was', {
  skip: whyNotComparable(),
}, async (context) => {
  const kernel = new KernelSide(root)
  try {
    if (!(await kernel.host()).drivers) return context.skip('wants packet sockets, io_uring and perf events')
    const calls: Call[] = [
      ['mmap', there, 8 * PAGE, 3, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, 0, 0],
      ['write', there, 1],
      ['mmap', there + PAGE, 3 * PAGE, 3, MAP.SHARED | MAP.FIXED, 8, 0],
      ['touch', there + PAGE],
      ['mmap', there + 5 * PAGE, 4 * PAGE, 3, MAP.SHARED | MAP.FIXED, 10, 0],
    ]
    const difference = await runCase(kernel, calls)
    assert.equal(difference, undefined, `${difference?.model}\nbut ${difference?.kernel}`)
  } finally {
    kernel.close()
  }
})

// The playground's programs on the modelled kernel.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { MOST_LINES, parseProgram } from '#vmarea/view/play/parse-program.js'
import { PLAY_CALLS } from '#vmarea/view/play/play-calls.js'
import { type Moment, runProgram } from '#vmarea/view/play/run-program.js'
import { root } from '../support/root.js'
import { seed } from '../support/seed.js'

const ANONYMOUS = 'PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0'
const folder = join(root, 'src', 'view', 'play', 'lessons')

const outcomes = (text: string) => runProgram(text).moments.map(({ outcome }) => `${outcome.kind}: ${outcome.text}`)
const effects = ({ effects }: Moment, process = 'parent') =>
  (effects.get(process) ?? []).map(({ kind, by }) => `${kind} by ${by}`)
const areas = (moment: Moment, process = 'parent') =>
  moment.memory.get(process)!.areas.filter(({ path }) => path !== '[stack]').length

test('each of the six lessons is a program whose every line is a call, with a title', () => {
  const names = readdirSync(folder)
  assert.equal(names.length, 6)
  for (const name of names) {
    const text = readFileSync(join(folder, name), 'utf8')
    assert.match(text, /^# \S/)
    const { moments } = runProgram(text)
    assert.ok(moments.length >= 8, name)
    for (const { line, outcome } of moments) assert.notEqual(outcome.kind, 'wrong', `${name}:${line} ${outcome.text}`)
  }
})

test('a change in the middle splits an area in three, and its undoing merges them, each named with the function that does it', () => {
  const { moments } = runProgram(
    `a = mmap(NULL, 16K, ${ANONYMOUS})\nmprotect(a + 4K, 4K, PROT_READ)\nmprotect(a + 4K, 4K, PROT_READ | PROT_WRITE)`,
  )
  assert.deepEqual(
    moments.map((moment) => areas(moment)),
    [1, 3, 1],
  )
  assert.deepEqual(effects(moments[1]!), ['split by vma_modify_flags → __split_vma', 'protected by mprotect_fixup'])
  assert.deepEqual(effects(moments[2]!), [
    'merged by vma_modify_flags → vma_merge_existing_range',
    'protected by mprotect_fixup',
  ])
})

test('memory that is mapped beside its like joins it', () => {
  const { moments } = runProgram(`a = mmap(NULL, 8K, ${ANONYMOUS})\nb = mmap(NULL, 8K, ${ANONYMOUS})`)
  assert.equal(areas(moments[1]!), 1)
  assert.deepEqual(effects(moments[1]!), ['merged by vma_merge_new_range'])
})

test('each call names the function by which it cuts and joins areas', () => {
  const cases: [string, string, string][] = [
    ['madvise(a + 4K, 4K, MADV_DONTDUMP)', 'split', 'vma_modify_flags → __split_vma'],
    ['mlock(a + 4K, 4K)', 'split', 'vma_modify_flags → __split_vma'],
    ['uffdio_register(u, a + 4K, 4K, UFFDIO_REGISTER_MODE_MISSING)', 'split', 'vma_modify_flags_uffd → __split_vma'],
    ['munmap(a + 4K, 4K)', 'split', 'vms_gather_munmap_vmas → __split_vma'],
    [
      `mmap(a + 4K, 4K, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)`,
      'split',
      'vms_gather_munmap_vmas → __split_vma',
    ],
    ['mremap(b, 4K, 8K, 0)', 'merged', 'vma_merge_extend'],
  ]
  for (const [line, kind, by] of cases) {
    const { moments } = runProgram(
      `a = mmap(NULL, 16K, ${ANONYMOUS})\nu = userfaultfd()\nb = mmap(a - 64K, 4K, ${ANONYMOUS})\n${line}`,
    )
    const found = moments[3]!.effects.get('parent') ?? []
    assert.equal(found.find((effect) => effect.kind === kind)?.by, by, `${line}: ${JSON.stringify(found)}`)
  }
})

test('a child writes to a copy of its own, and an error of a call is the name of its number', () => {
  assert.deepEqual(
    outcomes(
      `a = mmap(NULL, 4K, ${ANONYMOUS})\nstore(a, 0x11)\nc = fork()\nc: store(a, 0x22)\nload(a)\nc: load(a)\nmunmap(a + 1, 4K)`,
    ).slice(3),
    ['done: written', 'value: 0x11', 'value: 0x22', 'error: EINVAL'],
  )
})

test('an access that waits for a userfaultfd continues when it is answered', () => {
  assert.deepEqual(
    outcomes(
      `a = mmap(NULL, 4K, ${ANONYMOUS})\nu = userfaultfd()\nuffdio_register(u, a, 4K, UFFDIO_REGISTER_MODE_MISSING)\nload(a)\nuffd_read(u)\nuffdio_copy(u, a, 0x41)`,
    ).slice(3),
    [
      'waits: the thread waits for the userfaultfd',
      'value: UFFD_EVENT_PAGEFAULT at 0x6ffff000',
      'done: 0; line 4 goes on: 0x41',
    ],
  )
})

test('a line that is no call says why, and those after it are made', () => {
  const cases: [string, RegExp][] = [
    ['mmap(', /missing/],
    ['frobnicate(1)', /there is no call frobnicate/],
    ['constructor()', /there is no call constructor/],
    ['munmap(1)', /munmap\(addr, length\) has 1 argument here/],
    ['munmap(nothing, 4K)', /nothing is called nothing/],
    ['munmap("x", 4K)', /a number must stand here/],
    ['nobody: munmap(0, 4K)', /there is no process nobody/],
    ['fork()', /a child needs a name/],
    ['a = mmap(NULL, 1000G, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)', /at most 256M/],
    ['load(1e400)', /not understood|missing/],
    ['load(0x10000000000000000000)', /too large/],
    ['open("/etc/passwd")', /the one file here/],
    ['close("/etc/passwd")', /a number must stand here/],
  ]
  for (const [line, why] of cases) {
    const { moments } = runProgram(`${line}\nload(0)`)
    assert.equal(moments[0]!.outcome.kind, 'wrong', line)
    assert.match(moments[0]!.outcome.text, why)
    assert.equal(moments[1]!.outcome.kind, 'signal')
  }
})

test('a program has an end, whatever its length', () => {
  const { moments } = runProgram('load(0)\n'.repeat(MOST_LINES + 100))
  assert.equal(moments.length, MOST_LINES + 1)
  assert.match(moments.at(-1)!.outcome.text, /at most 500 calls/)
})

test('no text makes the playground throw, and the same text gives the same', () => {
  const number = fc.constantFrom(
    '0',
    '4K',
    'a',
    'a + 4K',
    '-1',
    '0x7fffffffffff',
    'MAP_FIXED',
    '1',
    '"x"',
    'u',
    '100',
    '3',
  )
  const line = fc
    .tuple(
      fc.constantFrom('', 'a = ', 'u = ', 'c = ', 'c: '),
      fc.constantFrom(...Object.keys(PLAY_CALLS)),
      fc.array(number, { maxLength: 6 }),
    )
    .map(([result, name, values]) => `${result}${name}(${values.join(', ')})`)
  const program = fc
    .array(fc.oneof({ weight: 4, arbitrary: line }, { weight: 1, arbitrary: fc.string({ maxLength: 30 }) }), {
      maxLength: 12,
    })
    .map((lines) => [`a = mmap(NULL, 16K, ${ANONYMOUS})`, 'u = userfaultfd()', ...lines].join('\n'))
  fc.assert(
    fc.property(program, (text) => {
      const { moments } = runProgram(text)
      assert.ok(moments.length >= parseProgram(text).length)
      assert.deepEqual(runProgram(text).moments, moments)
    }),
    { seed, numRuns: 200 },
  )
})

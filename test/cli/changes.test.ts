import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { changeLine } from '#vmarea/cli/change-line.js'
import { type Change, changesBetween } from '#vmarea/snapshot/changes.js'
import type { AreaSnapshot } from '#vmarea/snapshot/snapshot.js'

const PAGE = 4096n
const PAGES = 16

/** A page as a test sees it; `undefined` is not mapped. `cut` begins a new area although the one before is alike. */
interface Page {
  readonly permissions: string
  readonly flags: string
  readonly file: number
  readonly cut: boolean
}

const page = fc.option(
  fc.record({
    permissions: fc.constantFrom('rw-p', 'r--p', '---p'),
    flags: fc.constantFrom('', 'dd'),
    file: fc.constantFrom(0, 0, 1),
    cut: fc.boolean(),
  }),
  { nil: undefined },
)
const layout = fc.array(page, { minLength: PAGES, maxLength: PAGES })

/** The areas that such pages make up. The file is mapped at the offset of the address. */
function areasOf(pages: readonly (Page | undefined)[]): AreaSnapshot[] {
  const areas: AreaSnapshot[] = []
  let start = 0
  for (let index = 0; index < pages.length; index++) {
    const one = pages[index]
    if (one === undefined) continue
    const next = pages[index + 1]
    const ends =
      next === undefined ||
      next.cut ||
      next.permissions !== one.permissions ||
      next.flags !== one.flags ||
      next.file !== one.file
    if (index === 0 || pages[index - 1] === undefined || beginsAt(pages, index)) start = index
    if (ends) areas.push(area(start, index + 1, one))
  }
  return areas
}

function beginsAt(pages: readonly (Page | undefined)[], index: number): boolean {
  const [below, above] = [pages[index - 1]!, pages[index]!]
  return (
    above.cut || below.permissions !== above.permissions || below.flags !== above.flags || below.file !== above.file
  )
}

function area(from: number, to: number, { permissions, flags, file }: Omit<Page, 'cut'>, rss = 0): AreaSnapshot {
  return {
    start: hexOf(from),
    end: hexOf(to),
    permissions,
    flags: flags === '' ? [] : [flags],
    offset: file === 0 ? '0x0' : hexOf(from),
    device: '00:00',
    inode: String(file),
    path: file === 0 ? '' : '/file',
    deleted: false,
    usage: { rss } as AreaSnapshot['usage'],
  }
}

function hexOf(page: number): string {
  return `0x${(BigInt(page + 16) * PAGE).toString(16)}`
}

function pagesOf({ start, end }: Change): number[] {
  const pages: number[] = []
  for (let at = BigInt(start); at < BigInt(end); at += PAGE) pages.push(Number(at / PAGE) - 16)
  return pages
}

test('the changes between two layouts are, page by page, their differences', () => {
  fc.assert(
    fc.property(layout, layout, (before, after) => {
      const told = new Map<number, string>()
      for (const change of changesBetween(areasOf(before), areasOf(after))) {
        if (change.change === 'split' || change.change === 'merged') continue
        if (change.change === 'moved') {
          const length = pagesOf(change).length
          const from = Number(BigInt(change.before) / PAGE) - 16
          for (let index = 0; index < length; index++) set(from + index, 'unmapped')
          for (const index of pagesOf(change)) set(index, 'mapped')
          continue
        }
        for (const index of pagesOf(change)) set(index, change.change)
      }
      for (let index = 0; index < PAGES; index++)
        assert.equal(told.get(index), expected(before[index], after[index]), `page ${index}`)

      function set(index: number, change: string): void {
        assert.equal(told.get(index), undefined, `page ${index} is told twice`)
        told.set(index, change)
      }
    }),
    { numRuns: 500 },
  )
})

function expected(was: Page | undefined, is: Page | undefined): string | undefined {
  if (was === undefined) return is === undefined ? undefined : 'mapped'
  if (is === undefined) return 'unmapped'
  if (was.file !== is.file) return 'replaced'
  if (was.permissions !== is.permissions) return 'protected'
  return was.flags === is.flags ? undefined : 'flags'
}

test('nothing changes between a layout and itself', () => {
  fc.assert(
    fc.property(layout, (pages) =>
      assert.deepEqual(changesBetween(areasOf(pages), areasOf(pages), { usage: true }), []),
    ),
  )
})

const plain = { permissions: 'rw-p', flags: '', file: 0 }

test('boundaries that come and go in memory that stays are splits and merges', () => {
  const whole = [area(0, 4, plain)]
  const parts = [area(0, 1, plain), area(1, 3, plain), area(3, 4, plain)]
  const [split, ...more] = changesBetween(whole, parts)
  assert.deepEqual(more, [])
  assert.deepEqual([split!.change, split!.start, split!.end, split!.after], ['split', hexOf(0), hexOf(4), '3 areas'])
  const [merged] = changesBetween(parts, whole)
  assert.deepEqual([merged!.change, merged!.before], ['merged', '3 areas'])
})

test('a move is concluded for a file, and for anonymous memory that has the same resident pages', () => {
  const file = { permissions: 'r--p', flags: '', file: 1 }
  const moved = { ...area(8, 10, file), offset: hexOf(0) }
  assert.deepEqual(
    changesBetween([area(0, 2, file)], [moved]).map(({ change, start, before }) => [change, start, before]),
    [['moved', hexOf(8), hexOf(0)]],
  )
  const kinds = (before: AreaSnapshot, after: AreaSnapshot) =>
    changesBetween([before], [after]).map(({ change }) => change)
  assert.deepEqual(kinds(area(0, 2, plain, 4096), area(8, 10, plain, 4096)), ['moved'])
  assert.deepEqual(kinds(area(0, 2, plain, 4096), area(8, 10, plain, 8192)), ['unmapped', 'mapped'])
  assert.deepEqual(kinds(area(0, 2, plain), area(8, 10, plain)), ['unmapped', 'mapped'])
})

test('pages that come into memory are reported only on request, and not where they could not be read', () => {
  const [before, after] = [[area(0, 2, plain, 0)], [area(0, 2, plain, 8192)]]
  assert.deepEqual(changesBetween(before, after), [])
  const [resident] = changesBetween(before, after, { usage: true })
  assert.deepEqual([resident!.change, resident!.before, resident!.after], ['resident', '0', '8192'])
  const unknown = [{ ...after[0]!, usage: { rss: null } as AreaSnapshot['usage'] }]
  assert.deepEqual(changesBetween(before, unknown, { usage: true }), [])
})

test('a change as a line is no wider than it may be, and is cut in its name first', () => {
  const from = '0x7f7dd54d5000'
  for (let width = 20; width < 140; width++) {
    for (const path of ['', '/usr/lib/a/rather/long/name/of/a/library.so']) {
      const change: Change = {
        change: 'protected',
        start: from,
        end: '0x7f7dd54d6000',
        before: 'rw-p',
        after: 'r--p',
        path,
      }
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours text
      const line = changeLine(change, width).replace(/\x1b\[\d*m/g, '')
      assert.ok(line.length <= width, `${line.length} of ${width}: ${line}`)
      if (width >= 80) assert.match(line, /^protected +7f7dd54d5000-7f7dd54d6000 +4K rw-p -> r--p/)
    }
  }
})

import fc from 'fast-check'
import type { AreaSnapshot } from '#vmarea/snapshot/snapshot.js'
import { USAGE_FIELDS } from '#vmarea/snapshot/usage-fields.js'
import { type ViewArea, viewArea } from '#vmarea/view/data/view-area.js'

const PAGE = 4096

/** An area as a test needs it: anonymous, readable and writable where nothing else is said. */
export function area(startPage: number, pages: number, more: Partial<AreaSnapshot> = {}): ViewArea {
  const hex = (page: number) => `0x${(BigInt(page) * BigInt(PAGE)).toString(16)}`
  return viewArea(
    {
      start: hex(startPage),
      end: hex(startPage + pages),
      permissions: 'rw-p',
      flags: ['rd', 'wr', 'mr', 'mw', 'me', 'ac'],
      offset: '0x0',
      device: '00:00',
      inode: '0',
      path: '',
      deleted: false,
      usage: {} as AreaSnapshot['usage'],
      ...more,
    },
    PAGE,
  )
}

const details = fc.record({
  permissions: fc.constantFrom('r--p', 'rw-p', 'r-xp', '---p', 'rw-s'),
  flags: fc.constantFrom<string[]>([], ['rd', 'mr'], ['rd', 'wr', 'mr', 'mw', '??']),
  file: fc.constantFrom(
    { inode: '0', device: '00:00', path: '', deleted: false },
    { inode: '0', device: '00:00', path: '[heap]', deleted: false },
    { inode: '17', device: 'fe:00', path: '/lib/a <b>\u202e', deleted: false },
    { inode: '17', device: 'fe:00', path: '/lib/a <b>\u202e', deleted: true },
  ),
  rss: fc.constantFrom<number | null | undefined>(undefined, null, 0, 4096, 8192),
})

/** Lists of areas in order, on few pages, so that two of them have much in common; some lie at the top of 64 bits. */
export const areaLists: fc.Arbitrary<ViewArea[]> = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 4 }), details), { maxLength: 12 }),
    fc.boolean(),
  )
  .map(([parts, high]) => {
    let page = high ? 2 ** 52 - 2 ** 12 : 16
    return parts.map(([gap, pages, { permissions, flags, file, rss }]) => {
      page += gap
      const offset =
        file.inode === '0'
          ? '0x0'
          : `0x${(page * PAGE)
              .toString(16)
              .slice(-9)
              .replace(/^0+(?=.)/, '')}`
      const usage = (rss === undefined ? {} : usageOf(rss)) as AreaSnapshot['usage']
      const made = area(page, pages, { permissions, flags, ...file, offset, usage })
      page += pages
      return made
    })
  })

function usageOf(rss: number | null): Record<string, number | null> {
  const known: Record<string, number | null> = { size: 4096, rss }
  return Object.fromEntries(USAGE_FIELDS.map((field) => [field, known[field] ?? null]))
}

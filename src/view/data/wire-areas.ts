import { kindOf } from '../../snapshot/kind-of.js'
import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { USAGE_FIELDS } from '../../snapshot/usage-fields.js'
import type { ViewArea } from './view-area.js'

/**
 * Areas as they are sent: what many of them share stands once, in a table, and an area is seven numbers. 50,000 areas of a process take
 * about 2 MB, a tenth of the snapshot's JSON.
 */
export interface WireAreas {
  /** Device, inode, path, and whether the file is deleted. */
  readonly files: readonly (readonly [device: string, inode: string, path: string, deleted: boolean])[]
  /** The four letters of the permissions, then the codes of the flags, with spaces between. */
  readonly rights: readonly string[]
  /** The fields of `USAGE_FIELDS`; `null` is what is not known; an empty list is an area that was not asked for its usage. */
  readonly usages: readonly (readonly (number | null)[])[]
  /** For each area: first page, number of pages, file, offset in pages, rights, usage. */
  readonly rows: readonly number[]
}

const WIDTH = 6
const NOT_ASKED = {} as AreaSnapshot['usage']

/** Packs areas for the wire. */
export function encodeAreas(areas: readonly ViewArea[], pageSize: number): WireAreas {
  const files = new Table<WireAreas['files'][number]>()
  const rights = new Table<string>()
  const usages = new Table<readonly (number | null)[]>()
  const rows: number[] = []
  for (const area of areas) {
    const { device, inode, path, deleted, usage } = area
    const right = [area.permissions, ...area.flags].join(' ')
    // A file may have some of the fields.
    const isAsked = USAGE_FIELDS.some((field) => field in usage)
    const fields = isAsked ? USAGE_FIELDS.map((field) => usage[field] ?? null) : []
    rows.push(
      area.startPage,
      area.endPage - area.startPage,
      files.add(`${device} ${inode} ${deleted} ${path}`, [device, inode, path, deleted]),
      Number(BigInt(area.offset) / BigInt(pageSize)),
      rights.add(right, right),
      usages.add(fields.join(), fields),
    )
  }
  return { files: files.rows, rights: rights.rows, usages: usages.rows, rows }
}

/** The areas again. */
export function decodeAreas({ files, rights, usages, rows }: WireAreas, pageSize: number): ViewArea[] {
  const splitRights = rights.map((text) => {
    const [permissions = '', ...flags] = text.split(' ')
    return { permissions, flags }
  })
  const namedUsages = usages.map(
    (fields) =>
      (fields.length === 0
        ? NOT_ASKED
        : Object.fromEntries(USAGE_FIELDS.map((field, at) => [field, fields[at] ?? null]))) as AreaSnapshot['usage'],
  )
  const areas: ViewArea[] = []
  for (let at = 0; at + WIDTH <= rows.length; at += WIDTH) {
    const [startPage, pages, file, offset, right, usage] = rows.slice(at, at + WIDTH) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const [device, inode, path, deleted] = files[file]!
    const area: AreaSnapshot = {
      start: hexOfPage(startPage, pageSize),
      end: hexOfPage(startPage + pages, pageSize),
      ...splitRights[right]!,
      offset: hexOfPage(offset, pageSize),
      device,
      inode,
      path,
      deleted,
      usage: namedUsages[usage]!,
    }
    areas.push({ ...area, startPage, endPage: startPage + pages, kind: kindOf(area) })
  }
  return areas
}

/** The address of a page, in hexadecimal. A number holds the page exactly, and not always its address. */
export function hexOfPage(page: number, pageSize: number): string {
  const address = page * pageSize
  return `0x${Number.isSafeInteger(address) ? address.toString(16) : (BigInt(page) * BigInt(pageSize)).toString(16)}`
}

/** Rows that are kept once. */
class Table<Row> {
  readonly rows: Row[] = []
  readonly #places = new Map<string, number>()

  add(key: string, row: Row): number {
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.rows.push(row) - 1
      this.#places.set(key, place)
    }
    return place
  }
}

import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { USAGE_FIELDS } from '../../snapshot/usage-fields.js'
import { pageOf } from '../data/page-of.js'

const HEX = /^0x[0-9a-f]{1,16}$/
/** Twice the longest path that the kernel gives. */
const LONGEST_PATH = 8192
/** 24 fields of 64 bits in smaps' kibibytes would be more than a number holds: no machine has so much memory. */
const MOST_BYTES = Number.MAX_SAFE_INTEGER

/** What is wrong with an area from a file, in words; nothing where it is one. */
export function whatIsWrongWith(value: unknown, pageSize: number): string | undefined {
  if (typeof value !== 'object' || value === null) return 'an area is not an object'
  const area = value as Partial<Record<keyof AreaSnapshot, unknown>>
  for (const field of ['start', 'end', 'offset'] as const) {
    const text = area[field]
    if (typeof text !== 'string' || !HEX.test(text)) return `${field} is not a hexadecimal string: ${short(text)}`
    if (!Number.isInteger(pageOf(text, pageSize))) return `${field} ${text} does not lie on a page of ${pageSize} bytes`
  }
  if (pageOf(area.start as string, pageSize) >= pageOf(area.end as string, pageSize)) {
    return `the area ends at ${area.end}, which is not above its start ${area.start}`
  }
  if (typeof area.permissions !== 'string' || !/^[r-][w-][x-][sp]$/.test(area.permissions)) {
    return `permissions are four letters such as "r-xp", and these are ${short(area.permissions)}`
  }
  const { flags } = area
  if (!Array.isArray(flags) || flags.length > 64 || !flags.every((flag) => /^[a-z?]{2}$/.test(flag))) {
    return `flags are codes of two letters, and these are ${short(flags)}`
  }
  if (typeof area.device !== 'string' || !/^[0-9a-f]{1,8}:[0-9a-f]{1,8}$/.test(area.device)) {
    return `device is two hexadecimal numbers such as "fe:00", and this is ${short(area.device)}`
  }
  if (typeof area.inode !== 'string' || !/^\d{1,20}$/.test(area.inode)) {
    return `inode is a decimal string, and this is ${short(area.inode)}`
  }
  if (typeof area.path !== 'string' || area.path.length > LONGEST_PATH) return `path is ${short(area.path)}`
  if (typeof area.deleted !== 'boolean') return `deleted is true or false, and this is ${short(area.deleted)}`
  return whatIsWrongWithUsage(area.usage)
}

function whatIsWrongWithUsage(usage: unknown): string | undefined {
  if (typeof usage !== 'object' || usage === null || Array.isArray(usage)) return `usage is ${short(usage)}`
  for (const field of USAGE_FIELDS) {
    const bytes = (usage as Record<string, unknown>)[field]
    if (bytes === undefined || bytes === null) continue
    if (typeof bytes !== 'number' || !(bytes >= 0 && bytes <= MOST_BYTES)) {
      return `usage.${field} is a number of bytes or null, and this is ${short(bytes)}`
    }
  }
  return undefined
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`
}

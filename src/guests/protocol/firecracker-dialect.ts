import type { GuestRegion } from '../../kernel/guest-host.js'
import { badMessage } from './bad-message.js'
import type { GuestDialect } from './guest-dialect.js'

/**
 * Firecracker's: a JSON array of regions. Members that are not known are passed over. Both members for the size of a page are in bytes, the
 * one with "kib" in its name too.
 */
export const firecrackerDialect: GuestDialect = {
  name: 'firecracker',
  parse(message, pageSize) {
    if (!/^\s*(\[|$)/.test(message)) throw badMessage(`it is no JSON array, but begins with ${quote(message)}`)
    const value = parseJson(message)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || value.length === 0) throw badMessage('its array has no regions')
    return value.map((entry, index) => regionOf(entry, index, pageSize))
  },
}

function regionOf(entry: unknown, index: number, defaultSize: number): GuestRegion {
  if (typeof entry !== 'object' || entry === null) throw badMessage(`region ${index} is no object`)
  const members = entry as Readonly<Record<string, unknown>>
  const number = (name: string): number | undefined => {
    const value = members[name]
    if (value === undefined || value === null) return undefined
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    throw badMessage(`${name} of region ${index} is ${JSON.stringify(value)}, and no number from 0 to 2^53`)
  }
  const needed = (name: string): number => {
    const value = number(name)
    if (value === undefined) throw badMessage(`region ${index} has no ${name}`)
    return value
  }
  const size = number('page_size')
  const older = number('page_size_kib')
  if (size !== undefined && older !== undefined && size !== older) {
    throw badMessage(
      `region ${index} has page_size ${size} and page_size_kib ${older}: both are bytes, and must be equal`,
    )
  }
  return {
    start: needed('base_host_virt_addr'),
    length: needed('size'),
    offset: needed('offset'),
    pageSize: size ?? older ?? defaultSize,
  }
}

/** `undefined` where the text is not whole JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 20))
}

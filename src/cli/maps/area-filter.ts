import { kindOf } from '../../snapshot/kind-of.js'
import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { CommandError } from '../command-error.js'
import { objectName } from './object-name.js'

/** Options that say which areas to show. Of one option any value will do, and all the options must agree. */
export interface FilterOptions {
  readonly kind: readonly string[]
  readonly perms: readonly string[]
  readonly name: readonly string[]
  readonly range: readonly string[]
}

export type AreaFilter = (area: AreaSnapshot) => boolean

/** What the options select, or `undefined` where they select everything. Throws `CommandError` for what can't be understood. */
export function areaFilter({ kind, perms, name, range }: FilterOptions): AreaFilter | undefined {
  const kinds = kind.map((text) => text.replaceAll('-', ' '))
  const isOfKind: AreaFilter = (area) => kinds.includes(kindOf(area))
  const groups = [
    kinds.length === 0 ? [] : [isOfKind],
    perms.map(permissionFilter),
    name.map(
      (part): AreaFilter =>
        (area) =>
          objectName(area).includes(part),
    ),
    range.map(rangeFilter),
  ].filter((group) => group.length > 0)
  if (groups.length === 0) return undefined
  return (area) => groups.every((group) => group.some((matches) => matches(area)))
}

function permissionFilter(text: string): AreaFilter {
  if (/^[r*-][w*-][x*-][sp*]$/.test(text)) {
    const places = [...text].flatMap((letter, place) => (letter === '*' ? [] : [{ letter, place }]))
    return ({ permissions }) => places.every(({ letter, place }) => permissions[place] === letter)
  }
  if (/^[rwxsp]+$/.test(text)) return ({ permissions }) => [...text].every((letter) => permissions.includes(letter))
  throw new CommandError(
    `--perms can't be ${JSON.stringify(text)}: give letters that must be set, as in wx, or all four places, as in r-xp or rw**`,
  )
}

function rangeFilter(text: string): AreaFilter {
  const match = /^(?:0x)?([0-9a-f]{1,16})(?:-(?:0x)?([0-9a-f]{1,16}))?$/i.exec(text)
  if (match === null)
    throw new CommandError(
      `--range can't be ${JSON.stringify(text)}: give an address or FROM-TO in hexadecimal digits, as in 7f00a000-7f00c000`,
    )
  const from = BigInt(`0x${match[1]}`)
  const to = match[2] === undefined ? from + 1n : BigInt(`0x${match[2]}`)
  if (to <= from) throw new CommandError(`--range ${text} ends before it begins: the end is exclusive`)
  return ({ start, end }) => BigInt(start) < to && BigInt(end) > from
}

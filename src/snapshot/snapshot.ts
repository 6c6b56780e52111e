import type { VmaRef } from '../mm/vma-ref.js'
import { codesOfFlags } from '../vocabulary/vm-flag-codes.js'
import type { VmaUsage } from '../vocabulary/vma-usage.js'

/** The version of the saved form. It changes when a field is removed or changes its meaning. */
export const SNAPSHOT_VERSION = 1

/** The record of one area. Addresses are hexadecimal strings, sizes are bytes, `null` is unknown. */
export interface AreaSnapshot {
  readonly start: string
  readonly end: string
  readonly permissions: string
  /** Two-letter codes. */
  readonly flags: readonly string[]
  readonly offset: string
  readonly device: string
  readonly inode: string
  readonly path: string
  readonly deleted: boolean
  readonly usage: { readonly [Field in keyof VmaUsage]: number | null }
}

/** A process's areas at one time, as `maps --json` prints and `maps --save` writes them. */
export interface Snapshot {
  readonly version: typeof SNAPSHOT_VERSION
  readonly pid: number
  /** ISO 8601. */
  readonly time: string
  readonly kernel: string
  readonly pageSize: number
  readonly areas: readonly AreaSnapshot[]
}

/** All of a snapshot but its areas. */
export type SnapshotHeader = Omit<Snapshot, 'areas'>

/** By bits: readable, writable, executable, shared. */
const PERMISSIONS = Array.from(
  { length: 16 },
  (_, bits) => `${bits & 1 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 4 ? 'x' : '-'}${bits & 8 ? 's' : 'p'}`,
)

const NOT_ASKED = {} as AreaSnapshot['usage']

export function areaSnapshot(vma: VmaRef): AreaSnapshot {
  return {
    start: `0x${vma.start.toString(16)}`,
    end: `0x${vma.end.toString(16)}`,
    permissions: permissionsOf(vma),
    flags: flagCodes(vma),
    offset: `0x${vma.offset.toString(16)}`,
    device: vma.device,
    inode: vma.inode.toString(),
    path: vma.path,
    deleted: vma.deleted,
    usage: nullsFor(vma.usage()),
  }
}

/** The same without flags and usage, which cost further calls. */
export function areaOutline(vma: VmaRef): AreaSnapshot {
  return {
    start: `0x${vma.start.toString(16)}`,
    end: `0x${vma.end.toString(16)}`,
    permissions: permissionsOf(vma),
    flags: [],
    offset: `0x${vma.offset.toString(16)}`,
    device: vma.device,
    inode: vma.inode.toString(),
    path: vma.path,
    deleted: false,
    usage: NOT_ASKED,
  }
}

/** Four letters, as in `r-xp`. */
export function permissionsOf(vma: {
  readable: boolean
  writable: boolean
  executable: boolean
  shared: boolean
}): string {
  const bits = (vma.readable ? 1 : 0) + (vma.writable ? 2 : 0) + (vma.executable ? 4 : 0) + (vma.shared ? 8 : 0)
  return PERMISSIONS[bits]!
}

function nullsFor(usage: VmaUsage): AreaSnapshot['usage'] {
  const told: { -readonly [Field in keyof VmaUsage]: number | null | undefined } = { ...usage }
  for (const field in told) told[field as keyof VmaUsage] ??= null
  return told as AreaSnapshot['usage']
}

/** Most areas have one of a few sets of flags. */
const codesOf = new Map<bigint, readonly string[]>()

/** The two-letter codes of an area's flags. */
export function flagCodes(vma: VmaRef): readonly string[] {
  const { flags } = vma
  let known = codesOf.get(flags)
  if (known === undefined) {
    known = codesOfFlags(flags)
    codesOf.set(flags, known)
  }
  return vma.unknownFlagCodes.length === 0 ? known : [...known, ...vma.unknownFlagCodes]
}

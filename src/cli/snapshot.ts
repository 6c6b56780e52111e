import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { addon } from '../linux/addon.js'
import '../linux/linux-address-space.js'
import { Mm } from '../mm/mm.js'
import type { MmapReadGuard } from '../mm/mmap-read-guard.js'
import type { VmaRef } from '../mm/vma-ref.js'
import { VmError } from '../vocabulary/vm-error.js'
import { codesOfFlags } from '../vocabulary/vm-flag-codes.js'
import type { VmaUsage } from '../vocabulary/vma-usage.js'
import { CommandError } from './command-error.js'

/** The version of the saved form. It changes when a field goes or changes its meaning. */
export const SNAPSHOT_VERSION = 1

/** What was seen of one area. Addresses are hexadecimal strings, sizes are bytes, `null` is what could not be told. */
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

const NOT_ASKED = {} as AreaSnapshot['usage']

/** All of a snapshot but its areas. */
export type SnapshotHeader = Omit<Snapshot, 'areas'>

/** Looks at a process now. Throws `VmError` `ESRCH` or `EACCES`. */
export function takeSnapshot(pid: number): Snapshot {
  return lookAt(pid, (header, areas) => ({ ...header, areas: [...areas] }))
}

/** Hands the areas of a process to `use` one after the other, so that of a very large one they need not all be kept. */
export function lookAt<Result>(
  pid: number,
  use: (header: SnapshotHeader, areas: Iterable<AreaSnapshot>) => Result,
): Result {
  using mm = Mm.of(pid)
  using user = mm.mmgetNotZero()
  if (user === undefined) {
    throw new VmError('ESRCH', 'mmget_not_zero', {
      hint: `process ${pid} has ended, or runs another program now, or is a thread of the kernel and has no memory of its own`,
    })
  }
  using guard = user.mmapReadLock()
  const header: SnapshotHeader = {
    version: SNAPSHOT_VERSION,
    pid,
    time: new Date().toISOString(),
    kernel: release(),
    pageSize: addon().pageSize,
  }
  return use(header, snapshots(guard))
}

function* snapshots(guard: MmapReadGuard): Generator<AreaSnapshot> {
  for (const vma of guard.areas({ usage: true })) yield areaSnapshot(vma)
}

export function areaSnapshot(vma: VmaRef): AreaSnapshot {
  return {
    start: `0x${vma.start.toString(16)}`,
    end: `0x${vma.end.toString(16)}`,
    permissions: permissionsOf(vma),
    flags: codes(vma),
    offset: `0x${vma.offset.toString(16)}`,
    device: vma.device,
    inode: vma.inode.toString(),
    path: vma.path,
    deleted: vma.deleted,
    usage: nullsFor(vma.usage()),
  }
}

/** The same without flags and usage, which would have to be asked for. */
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
  return `${vma.readable ? 'r' : '-'}${vma.writable ? 'w' : '-'}${vma.executable ? 'x' : '-'}${vma.shared ? 's' : 'p'}`
}

/** Reads a saved snapshot. Throws `CommandError` where the file holds none. */
export function readSnapshot(path: string): Snapshot {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`can't read ${path}: ${(error as Error).message}`)
  }
  return parseSnapshot(text, path)
}

/** A snapshot from its text. */
function parseSnapshot(text: string, path: string): Snapshot {
  let value: Partial<Snapshot>
  try {
    value = JSON.parse(text) as Partial<Snapshot>
  } catch {
    throw new CommandError(`${path} is no snapshot: it is not JSON. vmarea maps PID --save FILE writes one`)
  }
  if (value?.version !== SNAPSHOT_VERSION) {
    throw new CommandError(
      `${path} has version ${JSON.stringify(value?.version)} and this vmarea reads version ${SNAPSHOT_VERSION}`,
    )
  }
  if (!Array.isArray(value.areas) || typeof value.pid !== 'number' || !value.areas.every(isArea)) {
    throw new CommandError(`${path} is no whole snapshot: it has areas that lack a field`)
  }
  return value as Snapshot
}

function isArea(value: Partial<AreaSnapshot> | null): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    [value.start, value.end].every((address) => typeof address === 'string' && /^0x[0-9a-f]{1,16}$/.test(address)) &&
    typeof value.permissions === 'string' &&
    typeof value.path === 'string' &&
    Array.isArray(value.flags) &&
    typeof value.usage === 'object' &&
    value.usage !== null
  )
}

function nullsFor(usage: VmaUsage): AreaSnapshot['usage'] {
  const told: { -readonly [Field in keyof VmaUsage]: number | null | undefined } = { ...usage }
  for (const field in told) told[field as keyof VmaUsage] ??= null
  return told as AreaSnapshot['usage']
}

/** Most areas have one of a few sets of flags. */
const codesOf = new Map<bigint, readonly string[]>()

function codes(vma: VmaRef): readonly string[] {
  const { flags } = vma
  let known = codesOf.get(flags)
  if (known === undefined) {
    known = codesOfFlags(flags)
    codesOf.set(flags, known)
  }
  return vma.unknownFlagCodes.length === 0 ? known : [...known, ...vma.unknownFlagCodes]
}

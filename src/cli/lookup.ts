import { addon } from '../linux/addon/addon.js'
import type { MmapReadGuard } from '../mm/mmap-read-guard.js'
import type { VmaRef } from '../mm/vma-ref.js'
import { whyApart } from '../mm/why-apart.js'
import { type AreaSnapshot, areaSnapshot, permissionsOf, SNAPSHOT_VERSION } from '../snapshot/snapshot.js'
import { hex } from '../vocabulary/hex.js'
import { PAGE_STATE } from '../vocabulary/page-state.js'
import { VM_FLAG_CODES } from '../vocabulary/vm-flag-codes.js'
import { VM_FLAG_MEANINGS } from '../vocabulary/vm-flag-meanings.js'
import { flagNames } from '../vocabulary/vm-flag-names.js'
import { byteSize } from './byte-size.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'
import { pageStateNames } from './maps/page-states.js'
import { paint } from './paint.js'
import { printable } from './printable.js'
import { openProcess } from './process/open-process.js'
import { processArgument } from './process/process-argument.js'
import { outputWidth } from './table.js'
import { wrap } from './wrap.js'

interface Found {
  readonly address: bigint
  readonly area: VmaRef | undefined
  readonly below: VmaRef | undefined
  readonly above: VmaRef | undefined
  /** The state of the page, a mask of `PAGE_STATE`; `undefined` where it could not be asked. */
  readonly page: number | undefined
  readonly knownPageStates: number
}

/** `vmarea lookup`. Returns the exit code. */
export function lookup(values: { readonly json: boolean }, operands: readonly string[]): number {
  if (operands.length !== 2)
    throw new CommandError('lookup requires a process and an address: vmarea lookup 1234 7f12a4c01234')
  const pid = processArgument(operands[0])
  const address = addressArgument(operands[1]!)
  using opened = openProcess(pid)
  using guard = opened.user.mmapReadLock()
  const found = find(guard, address)
  if (values.json) process.stdout.write(`${JSON.stringify(json(pid, found))}\n`)
  else for (const line of describe(found)) process.stdout.write(`${line}\n`)
  return EXIT.OK
}

function addressArgument(text: string): bigint {
  if (!/^(0x)?[0-9a-f]{1,16}$/i.test(text)) {
    throw new CommandError(
      `${JSON.stringify(text)} is no address: give up to 16 hexadecimal digits, such as 0x7f12a4c01234`,
    )
  }
  return BigInt(text.startsWith('0x') || text.startsWith('0X') ? text : `0x${text}`)
}

function find(guard: MmapReadGuard, address: bigint): Found {
  let area: VmaRef | undefined
  let below: VmaRef | undefined
  let above: VmaRef | undefined
  for (const vma of guard.areas({ usage: true })) {
    if (vma.end <= address) below = vma
    else if (vma.start <= address) area = vma
    else {
      above = vma
      break
    }
  }
  const { knownPageStates = ~0 } = guard.mm.asRaw()
  return {
    address,
    area,
    below,
    above,
    page: area === undefined ? undefined : pageState(guard, address),
    knownPageStates,
  }
}

function pageState(guard: MmapReadGuard, address: bigint): number | undefined {
  const pageSize = BigInt(addon().pageSize)
  const page = address - (address % pageSize)
  try {
    for (const { state } of guard.pages({ from: page, to: page + pageSize })) return state
  } catch {
    // The page map may be refused where the list of areas is not.
  }
  return undefined
}

function* describe({ address, area, below, above, page, knownPageStates }: Found): Generator<string> {
  if (area === undefined) {
    yield `${paint('bold', hex(address))} is mapped by nothing`
    yield ''
    yield* neighbour('below', below, below && `ends ${distance(address - below.end)} before`)
    yield* neighbour('above', above, above && `begins ${distance(above.start - address)} after`)
    if (below !== undefined && above !== undefined)
      yield `gap    ${byteSize(Number(above.start - below.end))} between them`
    return
  }
  yield `${paint('bold', hex(address))} is in`
  yield `  ${summary(area)}`
  yield ''
  yield `offset   ${hex(address - area.start)} in the area${area.inode === 0n ? '' : `, ${hex(address - area.start + area.offset)} in the file`}`
  const { rss = 0, swap = 0, privateDirty = 0, sharedDirty = 0 } = area.usage()
  const dirty = privateDirty + sharedDirty
  yield `memory   ${byteSize(Number(area.end - area.start))}, ${byteSize(rss) || 'none'} resident${dirty ? `, ${byteSize(dirty)} dirty` : ''}${swap ? `, ${byteSize(swap)} swapped` : ''}`
  yield `page     ${page === undefined ? 'not told' : pageWords(page, knownPageStates)}`
  if (area.inode !== 0n) yield `file     inode ${area.inode} on device ${area.device}${area.deleted ? ', deleted' : ''}`
  yield 'flags'
  for (const name of flagNames(area.flags))
    yield `  ${VM_FLAG_CODES[name] ?? '  '} ${paint('dim', VM_FLAG_MEANINGS[name])}`
  for (const code of area.unknownFlagCodes)
    yield `  ${code} ${paint('dim', 'a flag that this version of vmarea does not know')}`
  yield ''
  yield* neighbour('below', below, below && apart(below, area, area.start - below.end))
  yield* neighbour('above', above, above && apart(area, above, above.start - area.end))
}

function* neighbour(side: string, vma: VmaRef | undefined, relation: string | undefined): Generator<string> {
  if (vma === undefined) {
    yield `${side}  nothing`
    return
  }
  yield `${side}  ${summary(vma)}`
  for (const line of wrap(relation ?? '', outputWidth() - 7)) yield `       ${paint('dim', line)}`
}

function apart(below: VmaRef, above: VmaRef, gap: bigint): string {
  return gap > 0n
    ? `a gap of ${byteSize(Number(gap))} between`
    : `touches; not merged: ${whyApart(below, above).join('; ')}`
}

function summary(vma: VmaRef): string {
  const name = printable(vma.path) || '(anonymous)'
  return `${vma.start.toString(16)}-${vma.end.toString(16)} ${permissionsOf(vma)} ${name}${vma.deleted ? ' (deleted)' : ''}`
}

function pageWords(state: number, known: number): string {
  const words: string[] = []
  if (state === 0) words.push('not there: nothing has touched it, or it was given up')
  if ((state & PAGE_STATE.PRESENT) !== 0) words.push('present')
  if ((state & PAGE_STATE.GUARD) !== 0) words.push('a guard page')
  else if ((state & PAGE_STATE.SWAPPED) !== 0) words.push('swapped out')
  if ((state & PAGE_STATE.FILE) !== 0) words.push("a file's")
  if ((state & PAGE_STATE.ZERO) !== 0) words.push('the page of zeros')
  if ((state & PAGE_STATE.HUGE) !== 0) words.push('part of a huge page')
  if ((state & PAGE_STATE.DIRTY) !== 0) words.push('dirty')
  if ((state & PAGE_STATE.WRITE_PROTECTED) !== 0) words.push('write-protected by a userfaultfd')
  if ((known & PAGE_STATE.DIRTY) === 0 && state !== 0) words.push('(this kernel keeps no soft-dirty marks)')
  return words.join(', ').replace(', (', ' (')
}

function distance(bytes: bigint): string {
  return bytes === 0n ? 'right' : `${byteSize(Number(bytes))} (${hex(bytes)})`
}

function json(pid: number, { address, area, below, above, page }: Found): object {
  const snapshot = (vma: VmaRef | undefined): AreaSnapshot | null => (vma === undefined ? null : areaSnapshot(vma))
  return {
    version: SNAPSHOT_VERSION,
    pid,
    address: hex(address),
    area: snapshot(area),
    offset: area === undefined ? null : hex(address - area.start),
    fileOffset: area === undefined || area.inode === 0n ? null : hex(address - area.start + area.offset),
    page: page === undefined ? null : pageStateNames(page),
    below: snapshot(below),
    belowApart: area !== undefined && below !== undefined ? whyApart(below, area) : null,
    above: snapshot(above),
    aboveApart: area !== undefined && above !== undefined ? whyApart(area, above) : null,
  }
}

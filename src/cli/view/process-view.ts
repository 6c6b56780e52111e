import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { addon } from '../../linux/addon/addon.js'
import type { AreaReader } from '../../linux/areas/area-reader.js'
import { LayoutText } from '../../linux/areas/layout-text.js'
import '../../linux/areas/linux-address-space.js'
import { LinuxArea } from '../../linux/areas/linux-area.js'
import type { ListingDetails } from '../../linux/areas/listing.js'
import type { MapsTable } from '../../linux/proc/maps-table.js'
import { Mm } from '../../mm/mm.js'
import type { MmWithUser } from '../../mm/mm-with-user.js'
import { VmaRef } from '../../mm/vma-ref.js'
import { isSameOutline } from '../../snapshot/is-same-outline.js'
import { areaOutline, areaSnapshot } from '../../snapshot/snapshot.js'
import type { Refusal } from '../../view/data/live-message.js'
import { type ViewArea, viewArea } from '../../view/data/view-area.js'
import type { ViewHeader } from '../../view/data/view-data.js'
import type { WirePages } from '../../view/data/wire-pages.js'
import { VmError } from '../../vocabulary/vm-error.js'

/** An outline asks for none. */
const NO_DETAILS: ListingDetails = {
  of: () => {
    throw new TypeError('an outline has no details')
  },
  fresh: () => {
    throw new TypeError('an outline has no details')
  },
}

/** How many runs of pages one answer has at most. */
const MOST_RUNS = 200_000

/** One program that runs in a process, looked at again and again. Every look throws `VmError` `ESRCH` once it has ended. */
export class ProcessView {
  readonly pid: number
  readonly pageSize: number
  readonly #mm: Mm
  readonly #user: MmWithUser
  readonly #text: LayoutText
  #last: readonly ViewArea[] = []

  /** Throws `VmError`: `ESRCH` where there is no such process, `EACCES` where it may not be looked at. */
  constructor(pid: number) {
    this.pid = pid
    this.pageSize = addon().pageSize
    this.#mm = Mm.of(pid)
    const user = this.#mm.mmgetNotZero()
    if (user === undefined) {
      this.#mm[Symbol.dispose]()
      throw new VmError('ESRCH', 'mmget_not_zero', {
        hint: `process ${pid} has no memory: it has ended, or is the kernel's`,
      })
    }
    this.#user = user
    this.#text = new LayoutText(pid)
  }

  header(): ViewHeader {
    let program: string | null = null
    try {
      program = readFileSync(`/proc/${this.pid}/comm`, 'utf8').trimEnd()
    } catch {
      // It has just ended, or /proc is not what it was: the name is not known.
    }
    return { pid: this.pid, program, kernel: release(), pageSize: this.pageSize, time: Date.now() }
  }

  /**
   * The list as it is now: the very same array where nothing has changed. Flags and usage of an area that is as it was are those of the last
   * look at them.
   */
  layout(): readonly ViewArea[] {
    this.#checkAlive()
    const change = this.#text.next()
    if (change === undefined) return this.#last
    const { at, gone, table } = change
    const before = this.#last
    const areas = [...before.slice(0, at), ...this.#outlines(table, before), ...before.slice(at + gone)]
    if (isOrdered(areas)) this.#last = areas
    else {
      // The kernel gave the list in pieces, between which it changed: the parts do not fit. Read as a whole they are made to.
      this.#text.forget()
      this.#last = this.#outlines(this.#text.next()!.table, before)
    }
    return this.#last
  }

  /** The list with flags and usage. */
  usage(): readonly ViewArea[] {
    this.#text.next()
    this.#last = this.usageIn({})
    // The lines must be those of these areas.
    if (!this.#text.isCurrent()) this.#text.forget()
    return this.#last
  }

  /** The areas of a range with flags and usage. */
  usageIn(range: { readonly from?: bigint; readonly to?: bigint }): ViewArea[] {
    this.#checkAlive()
    using guard = this.#user.mmapReadLock()
    const areas: ViewArea[] = []
    for (const vma of guard.areas({ usage: true, ...range })) areas.push(viewArea(areaSnapshot(vma), this.pageSize))
    return areas
  }

  /** The states of pages in `[startPage, endPage)`. */
  pages(startPage: number, endPage: number): WirePages {
    const runs: number[] = []
    const size = BigInt(this.pageSize)
    let isWhole = true
    using guard = this.#user.mmapReadLock()
    for (const { start, end, state } of guard.pages({ from: BigInt(startPage) * size, to: BigInt(endPage) * size })) {
      runs.push(Number(start / size), Number((end - start) / size), state)
      if (runs.length < 3 * MOST_RUNS) continue
      isWhole = false
      break
    }
    return { runs, known: this.#user.asRaw().knownPageStates ?? 0xffff, isWhole }
  }

  /** Bytes from an address on: as many as can be read, at most `length`. */
  bytes(address: bigint, length: number): Uint8Array {
    const target = new Uint8Array(length)
    return target.subarray(0, this.#user.readMemory(address, target))
  }

  /** What may not be looked at. */
  refusals(): Refusal[] {
    const refusals: Refusal[] = []
    const first = this.#last.find(({ permissions }) => permissions.startsWith('r')) ?? this.#last[0]
    if (first === undefined) return refusals
    const attempts: [Refusal['what'], () => void][] = [
      ['pages', () => void this.pages(first.startPage, first.startPage + 1)],
      ['bytes', () => void this.bytes(BigInt(first.start), 1)],
    ]
    for (const [what, attempt] of attempts) {
      try {
        attempt()
      } catch (error) {
        const { code } = error as { code?: string }
        if (code === 'EPERM' || code === 'EACCES') refusals.push({ what, reason: (error as Error).message })
      }
    }
    return refusals
  }

  close(): void {
    this.#text[Symbol.dispose]()
    this.#user[Symbol.dispose]()
    this.#mm[Symbol.dispose]()
  }

  /** The areas of a table; those that are as they were are the very same. */
  #outlines(table: MapsTable, before: readonly ViewArea[]): ViewArea[] {
    const areas: ViewArea[] = []
    const listing = { table, details: NO_DETAILS }
    let old = 0
    for (let row = 0; row < table.count; row++) {
      const area = new LinuxArea(this.#user.asRaw() as unknown as AreaReader, listing, row)
      const outline = areaOutline(VmaRef.fromRaw(area, this.#user))
      if (row === 0) old = placeOfStart(before, outline.start)
      while (old < before.length && order(before[old]!.start, outline.start) < 0) old++
      const was = before[old]
      areas.push(was !== undefined && isSameOutline(was, outline) ? was : viewArea(outline, this.pageSize))
    }
    return areas
  }

  #checkAlive(): void {
    using user = this.#mm.mmgetNotZero()
    if (user === undefined)
      throw new VmError('ESRCH', 'mmget_not_zero', { hint: 'it has ended, or runs another program' })
  }
}

function isOrdered(areas: readonly ViewArea[]): boolean {
  return areas.every(({ startPage }, at) => at === 0 || areas[at - 1]!.endPage <= startPage)
}

/** The place of the first area that begins at an address or above it. */
function placeOfStart(areas: readonly ViewArea[], start: string): number {
  let low = 0
  let high = areas.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (order(areas[middle]!.start, start) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The order of two hexadecimal strings by their number. */
function order(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}

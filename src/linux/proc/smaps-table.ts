import { UsageError } from '../../vocabulary/usage-error.js'
import { flagsByCode } from '../../vocabulary/vm-flag-codes.js'
import type { VmaUsage, VmaUsageField } from '../../vocabulary/vma-usage.js'
import type { AreaDetails } from './area-details.js'
import { MapsTable } from './maps-table.js'

const NEWLINE = 10
const SPACE = 32
const ZERO = 48
const NINE = 57

/** The kernel's label of each field (`__show_smap` in fs/proc/task_mmu.c), and how many bytes its unit has. */
const FIELDS: readonly (readonly [label: string, field: VmaUsageField, unit: number])[] = [
  ['Size', 'size', 1024],
  ['KernelPageSize', 'kernelPageSize', 1024],
  ['MMUPageSize', 'mmuPageSize', 1024],
  ['Rss', 'rss', 1024],
  ['Pss', 'pss', 1024],
  ['Pss_Dirty', 'pssDirty', 1024],
  ['Shared_Clean', 'sharedClean', 1024],
  ['Shared_Dirty', 'sharedDirty', 1024],
  ['Private_Clean', 'privateClean', 1024],
  ['Private_Dirty', 'privateDirty', 1024],
  ['Referenced', 'referenced', 1024],
  ['Anonymous', 'anonymous', 1024],
  ['KSM', 'ksm', 1024],
  ['LazyFree', 'lazyFree', 1024],
  ['AnonHugePages', 'anonHugePages', 1024],
  ['ShmemPmdMapped', 'shmemPmdMapped', 1024],
  ['FilePmdMapped', 'filePmdMapped', 1024],
  ['Shared_Hugetlb', 'sharedHugetlb', 1024],
  ['Private_Hugetlb', 'privateHugetlb', 1024],
  ['Swap', 'swap', 1024],
  ['SwapPss', 'swapPss', 1024],
  ['Locked', 'locked', 1024],
  ['THPeligible', 'thpEligible', 1],
  ['ProtectionKey', 'protectionKey', 1],
]
const COLUMNS = FIELDS.length
const PROTECTION_KEY = COLUMNS - 1
const PROTECTION_KEY_SHIFT = 32n
const VM_FLAGS = Buffer.from('VmFlags:')

/** How a line of the last block was laid out: the next block most likely has the same. All places count from the block's first line. */
interface Line {
  /** The whole label with its colon and the spaces that follow it in any case. */
  readonly label: Uint8Array
  readonly start: number
  /** Where the number's last digit stands. */
  readonly digit: number
  readonly newline: number
  /** -1 for a field that this library does not know. */
  readonly column: number
  readonly unit: number
}

/**
 * /proc/PID/smaps in columns: the areas as `MapsTable` has them, and for each its flags and its usage.
 *
 * Blocks are alike but for their numbers, so each is read by the layout of the one before it, and line by line where that does not fit.
 * A field that no one foresaw is passed over (a newer kernel has more of them); a block without an end is not.
 */
export class SmapsTable {
  readonly maps: MapsTable = new MapsTable()
  #usage = new Float64Array(64 * COLUMNS)
  readonly #flags: FlagSet[] = []
  #layout: readonly Line[] = []
  #layoutLength = 0
  #lastFlags: FlagSet = { text: new Uint8Array(0), flags: 0n, unknown: [] }
  readonly #flagSets = new Map<string, FlagSet>()

  /** Adds the blocks of `bytes` in `[from, to)`. Returns where the first block begins that is not complete. */
  addAll(bytes: Uint8Array, from: number, to: number, last: boolean): number {
    let at = from
    while (at < to) {
      const next = this.#add(bytes, at, to)
      if (next >= 0) at = next
      else if (last) throw unfinished(bytes, at, to)
      else break
    }
    return at
  }

  flags(row: number): bigint {
    return this.#flags[row]!.flags | this.#protectionKey(row)
  }

  details(row: number): AreaDetails {
    return {
      flags: this.flags(row),
      unknownFlagCodes: this.#flags[row]!.unknown,
      usage: () => this.usage(row),
    }
  }

  usage(row: number): VmaUsage {
    const usage = this.#usage
    const base = row * COLUMNS
    return {
      size: known(usage[base]!),
      kernelPageSize: known(usage[base + 1]!),
      mmuPageSize: known(usage[base + 2]!),
      rss: known(usage[base + 3]!),
      pss: known(usage[base + 4]!),
      pssDirty: known(usage[base + 5]!),
      sharedClean: known(usage[base + 6]!),
      sharedDirty: known(usage[base + 7]!),
      privateClean: known(usage[base + 8]!),
      privateDirty: known(usage[base + 9]!),
      referenced: known(usage[base + 10]!),
      anonymous: known(usage[base + 11]!),
      ksm: known(usage[base + 12]!),
      lazyFree: known(usage[base + 13]!),
      anonHugePages: known(usage[base + 14]!),
      shmemPmdMapped: known(usage[base + 15]!),
      filePmdMapped: known(usage[base + 16]!),
      sharedHugetlb: known(usage[base + 17]!),
      privateHugetlb: known(usage[base + 18]!),
      swap: known(usage[base + 19]!),
      swapPss: known(usage[base + 20]!),
      locked: known(usage[base + 21]!),
      thpEligible: known(usage[base + 22]!),
      protectionKey: known(usage[base + 23]!),
    }
  }

  #protectionKey(row: number): bigint {
    const key = this.#usage[row * COLUMNS + PROTECTION_KEY]!
    return key > 0 ? BigInt(key) << PROTECTION_KEY_SHIFT : 0n
  }

  /** Adds one block. Returns where the next begins, or -1 where this one is not complete in `[at, to)`. */
  #add(bytes: Uint8Array, at: number, to: number): number {
    const header = bytes.indexOf(NEWLINE, at)
    if (header < 0 || header >= to) return -1
    const row = this.maps.count
    if ((row + 1) * COLUMNS > this.#usage.length) this.#grow()
    const body = header + 1
    const base = row * COLUMNS
    let flags = this.#readByLayout(bytes, body, to, base)
    if (flags < 0) {
      flags = this.#readByLine(bytes, body, to, base)
      if (flags < 0) return -1
    }
    const end = this.#readFlags(bytes, flags, to)
    if (end < 0) return -1
    this.maps.add(bytes, at)
    return end
  }

  /** Returns where `VmFlags:` stands, or -1 where the block has another layout. */
  #readByLayout(bytes: Uint8Array, body: number, to: number, base: number): number {
    const layout = this.#layout
    const flags = body + this.#layoutLength
    if (layout.length === 0 || flags + VM_FLAGS.length > to) return -1
    const usage = this.#usage
    usage.fill(Number.NaN, base, base + COLUMNS)
    for (let index = 0; index < layout.length; index++) {
      const line = layout[index]!
      const digit = body + line.digit
      if (bytes[body + line.newline] !== NEWLINE || bytes[body + line.start] !== line.label[0]) return -1
      if (line.column < 0) continue
      const ones = bytes[digit]! - ZERO
      if (ones < 0 || ones > 9) return -1
      let value = ones
      if (bytes[digit - 1] !== SPACE) {
        let scale = 10
        for (let place = digit - 1; bytes[place]! >= ZERO && bytes[place]! <= NINE; place--) {
          value += (bytes[place]! - ZERO) * scale
          scale *= 10
        }
      }
      usage[base + line.column] = value * line.unit
    }
    for (let index = 0; index < VM_FLAGS.length; index++) if (bytes[flags + index] !== VM_FLAGS[index]) return -1
    return flags
  }

  /** Likewise, and learns the layout. Returns -1 where the block is not complete. */
  #readByLine(bytes: Uint8Array, body: number, to: number, base: number): number {
    this.#usage.fill(Number.NaN, base, base + COLUMNS)
    const layout: Line[] = []
    let at = body
    while (at < to) {
      const newline = bytes.indexOf(NEWLINE, at)
      if (newline < 0 || newline >= to) return -1
      if (startsWith(bytes, at, VM_FLAGS)) {
        this.#layout = layout
        this.#layoutLength = at - body
        return at
      }
      const line = lineAt(bytes, at, newline, body)
      if (line.column >= 0) this.#usage[base + line.column] = numberAt(bytes, body + line.digit) * line.unit
      layout.push(line)
      at = newline + 1
    }
    return -1
  }

  /** Reads the two-letter codes. Returns where the next block begins, or -1 where the line is not complete. */
  #readFlags(bytes: Uint8Array, at: number, to: number): number {
    const from = at + VM_FLAGS.length
    const last = this.#lastFlags.text
    if (bytes[from + last.length] === NEWLINE && last.length > 0 && startsWith(bytes, from, last)) {
      this.#flags.push(this.#lastFlags)
      return from + last.length + 1
    }
    const end = bytes.indexOf(NEWLINE, from)
    if (end < 0 || end >= to) return -1
    const codes = String.fromCharCode(...bytes.subarray(from, end))
    let set = this.#flagSets.get(codes)
    if (set === undefined) {
      set = { text: bytes.slice(from, end), ...flagsByCode(codes) }
      this.#flagSets.set(codes, set)
    }
    this.#lastFlags = set
    this.#flags.push(set)
    return end + 1
  }

  #grow(): void {
    const usage = new Float64Array(this.#usage.length * 2)
    usage.set(this.#usage)
    this.#usage = usage
  }
}

interface FlagSet {
  readonly text: Uint8Array
  readonly flags: bigint
  readonly unknown: readonly string[]
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value
}

/** The layout of the line `[at, newline)`: label, colon, spaces, a number, perhaps ` kB`. */
function lineAt(bytes: Uint8Array, at: number, newline: number, body: number): Line {
  let digit = newline - 1
  while (digit > at && !(bytes[digit]! >= ZERO && bytes[digit]! <= NINE)) digit--
  const colon = bytes.indexOf(58, at)
  const label = String.fromCharCode(...bytes.subarray(at, colon < 0 || colon > newline ? newline : colon))
  const column = digit > colon ? FIELDS.findIndex(([name]) => name === label) : -1
  return {
    label: Buffer.from(label),
    start: at - body,
    digit: digit - body,
    newline: newline - body,
    column,
    unit: column < 0 ? 0 : FIELDS[column]![2],
  }
}

/** The decimal number whose last digit is at `digit`. */
function numberAt(bytes: Uint8Array, digit: number): number {
  let value = 0
  let scale = 1
  for (let place = digit; bytes[place]! >= ZERO && bytes[place]! <= NINE; place--) {
    value += (bytes[place]! - ZERO) * scale
    scale *= 10
  }
  return value
}

function startsWith(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false
  return true
}

function unfinished(bytes: Uint8Array, at: number, to: number): UsageError {
  const text = new TextDecoder().decode(bytes.subarray(at, Math.min(to, at + 200)))
  return new UsageError(
    'ERR_VMAREA_UNFORESEEN_TEXT',
    `the kernel's account of an area has no VmFlags that vmarea can find: ${JSON.stringify(text)}`,
  )
}

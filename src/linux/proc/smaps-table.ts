import { UsageError } from '../../vocabulary/usage-error.js'
import { flagsByCode } from '../../vocabulary/vm-flag-codes.js'
import type { VmaUsage, VmaUsageField } from '../../vocabulary/vma-usage.js'
import { addon } from '../addon/addon.js'
import { sharedResults } from '../addon/shared-results.js'
import type { AreaDetails } from './area-details.js'
import { MapsTable } from './maps-table.js'

/** The kernel's label of each field (`__show_smap` in fs/proc/task_mmu.c), by column. */
const FIELDS: readonly (readonly [label: string, field: VmaUsageField])[] = [
  ['Size', 'size'],
  ['KernelPageSize', 'kernelPageSize'],
  ['MMUPageSize', 'mmuPageSize'],
  ['Rss', 'rss'],
  ['Pss', 'pss'],
  ['Pss_Dirty', 'pssDirty'],
  ['Shared_Clean', 'sharedClean'],
  ['Shared_Dirty', 'sharedDirty'],
  ['Private_Clean', 'privateClean'],
  ['Private_Dirty', 'privateDirty'],
  ['Referenced', 'referenced'],
  ['Anonymous', 'anonymous'],
  ['KSM', 'ksm'],
  ['LazyFree', 'lazyFree'],
  ['AnonHugePages', 'anonHugePages'],
  ['ShmemPmdMapped', 'shmemPmdMapped'],
  ['FilePmdMapped', 'filePmdMapped'],
  ['Shared_Hugetlb', 'sharedHugetlb'],
  ['Private_Hugetlb', 'privateHugetlb'],
  ['Swap', 'swap'],
  ['SwapPss', 'swapPss'],
  ['Locked', 'locked'],
  ['THPeligible', 'thpEligible'],
  ['ProtectionKey', 'protectionKey'],
]
const COLUMNS = FIELDS.length
const LABELS = Buffer.from(FIELDS.map(([label]) => `${label}:`).join(''))
const PROTECTION_KEY = COLUMNS - 1
/** Usages are kept in blocks of this many. */
const BLOCK_SHIFT = 10
const IN_BLOCK = (1 << BLOCK_SHIFT) - 1
const PROTECTION_KEY_SHIFT = 32n

/**
 * /proc/PID/smaps in columns: the areas as `MapsTable` has them, and for each its flags and its usage.
 *
 * A field that no one foresaw is passed over (a newer kernel has more of them); a block without an end is not.
 */
export class SmapsTable {
  readonly maps: MapsTable = new MapsTable()
  /** A row of `COLUMNS` for each usage that was met. Areas share one: most of many were never touched, or have one page. */
  readonly #usage: Float64Array[] = []
  #usageCount = 0
  /** What `usage` has made, by the numbers of the rows of `#usage`. */
  readonly #made: (VmaUsage | undefined)[] = []
  /** The sets of flags that were met: there are few. */
  readonly #flags: FlagSet[] = []
  readonly #numbers = new Map<string, number>()

  /** Adds the blocks of `bytes` in `[from, to)`. Returns where the first block begins that is not complete. */
  addAll(bytes: Uint8Array, from: number, to: number, last: boolean): number {
    const { parseSmaps } = addon()
    const { results } = sharedResults()
    const stopped = this.maps.addBy(
      bytes,
      from,
      to,
      (block, row, at) => {
        const read = parseSmaps(bytes, at, to, block, row, this.#usageBlock(), this.#usageCount, LABELS)
        if (read >= 0) this.#usageCount = results[3]!
        return read
      },
      (start, end) =>
        this.#numberOfFlags(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')),
    )
    if (last && stopped < to) throw unfinished(bytes, stopped, to)
    return stopped
  }

  flags(row: number): bigint {
    const { flags } = this.#flags[this.maps.flagsNumber(row)]!
    const key = this.#protectionKey(row)
    // Most areas have none, and the engine makes a new bigint for each `|`.
    return key > 0 ? flags | (BigInt(key) << PROTECTION_KEY_SHIFT) : flags
  }

  unknownFlagCodes(row: number): readonly string[] {
    return this.#flags[this.maps.flagsNumber(row)]!.unknown
  }

  details(row: number): AreaDetails {
    return {
      flags: this.flags(row),
      unknownFlagCodes: this.unknownFlagCodes(row),
      usage: () => this.usage(row),
    }
  }

  /** Frozen: areas of the same usage have the same object. */
  usage(row: number): VmaUsage {
    const number = this.maps.usageNumber(row)
    let usage = this.#made[number]
    if (usage === undefined) {
      usage = Object.freeze(usageOf(this.#usage[number >>> BLOCK_SHIFT]!, (number & IN_BLOCK) * COLUMNS))
      this.#made[number] = usage
    }
    return usage
  }

  /** 0 where the area has none, NaN where the kernel tells of none. */
  #protectionKey(row: number): number {
    const number = this.maps.usageNumber(row)
    return this.#usage[number >>> BLOCK_SHIFT]![(number & IN_BLOCK) * COLUMNS + PROTECTION_KEY]!
  }

  /** The block that the next usage goes to. */
  #usageBlock(): Float64Array {
    const index = this.#usageCount >>> BLOCK_SHIFT
    let block = this.#usage[index]
    if (block === undefined) {
      block = new Float64Array(COLUMNS << BLOCK_SHIFT)
      this.#usage.push(block)
    }
    return block
  }

  #numberOfFlags(codes: string): number {
    let number = this.#numbers.get(codes)
    if (number === undefined) {
      number = this.#flags.length
      this.#flags.push(flagsByCode(codes))
      this.#numbers.set(codes, number)
    }
    return number
  }
}

interface FlagSet {
  readonly flags: bigint
  readonly unknown: readonly string[]
}

function usageOf(usage: Float64Array, base: number): VmaUsage {
  return {
    size: inBytes(usage[base]!),
    kernelPageSize: inBytes(usage[base + 1]!),
    mmuPageSize: inBytes(usage[base + 2]!),
    rss: inBytes(usage[base + 3]!),
    pss: inBytes(usage[base + 4]!),
    pssDirty: inBytes(usage[base + 5]!),
    sharedClean: inBytes(usage[base + 6]!),
    sharedDirty: inBytes(usage[base + 7]!),
    privateClean: inBytes(usage[base + 8]!),
    privateDirty: inBytes(usage[base + 9]!),
    referenced: inBytes(usage[base + 10]!),
    anonymous: inBytes(usage[base + 11]!),
    ksm: inBytes(usage[base + 12]!),
    lazyFree: inBytes(usage[base + 13]!),
    anonHugePages: inBytes(usage[base + 14]!),
    shmemPmdMapped: inBytes(usage[base + 15]!),
    filePmdMapped: inBytes(usage[base + 16]!),
    sharedHugetlb: inBytes(usage[base + 17]!),
    privateHugetlb: inBytes(usage[base + 18]!),
    swap: inBytes(usage[base + 19]!),
    swapPss: inBytes(usage[base + 20]!),
    locked: inBytes(usage[base + 21]!),
    thpEligible: known(usage[base + 22]!),
    protectionKey: known(usage[base + 23]!),
  }
}

/** The kernel counts in kB of 1024 bytes. */
function inBytes(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value * 1024
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value
}

function unfinished(bytes: Uint8Array, at: number, to: number): UsageError {
  const text = new TextDecoder().decode(bytes.subarray(at, Math.min(to, at + 200)))
  return new UsageError(
    'ERR_VMAREA_UNFORESEEN_TEXT',
    `the kernel's account of an area has no VmFlags that vmarea can find: ${JSON.stringify(text)}`,
  )
}

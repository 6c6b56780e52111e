import { UsageError } from '../../vocabulary/usage-error.js'
import { addon } from '../addon/addon.js'
import { sharedResults } from '../addon/shared-results.js'
import { isAmbiguousName } from './unescape-name.js'

/** Words of 32 bits a row, as `Row` in `native/calls/proc-text.h` has them: the first eight are four long ones. */
const ROW = 22
const MAJOR = 8
const MINOR = 9
const PERMISSIONS = 10
const NAME_FROM = 11
const NAME_TO = 12
/** The first row of the same call that has this name, which has the name's number. */
const NAME_ROW = 13
const NAME_NUMBER = 14
const FLAGS_FROM = 15
const FLAGS_TO = 16
const FLAGS_ROW = 17
const FLAGS_NUMBER = 18
const USAGE_NUMBER = 19
/** The next row that is first with its name or its flags. */
const NEXT = 20
const NONE = 0xffff_ffff

/** Rows are kept in blocks of this many, so that a long list is never copied. */
const BLOCK_SHIFT = 10
const BLOCK_ROWS = 1 << BLOCK_SHIFT
const IN_BLOCK = BLOCK_ROWS - 1

const NEWLINE = 10
const NO_NAME = new Uint8Array(0)

/**
 * Permissions of a row: the bits of `PROT`, and this one for a shared area.
 * It is 8 as in `PROCMAP_QUERY`.
 */
export const ROW_SHARED = 8

/** Reads lines into the rows of a block from `row` on, at least one if a whole one is there. Answers how many. */
type Parse = (block: Uint32Array, row: number, from: number) => number

/**
 * The lines of /proc/PID/maps in columns: 50,000 of them cost a few arrays, not 50,000 objects. Row fields are made when asked for, and
 * a name that many rows have is kept once.
 *
 * A line that is none of the kernel's (`show_map_vma`) throws `ERR_VMAREA_UNFORESEEN_TEXT` with the line: it is never passed over.
 */
export class MapsTable {
  readonly #blocks: Uint32Array[] = []
  readonly #longs: BigUint64Array[] = []
  #count = 0
  readonly #names: Uint8Array[] = [NO_NAME]
  readonly #ambiguous = new Set<Uint8Array>()
  /** The last name seen with an inode number (its low word): one file has mostly one name. */
  readonly #nameOfInode = new Map<number, number>()

  get count(): number {
    return this.#count
  }

  start(row: number): bigint {
    return this.#longs[row >>> BLOCK_SHIFT]![(row & IN_BLOCK) * (ROW / 2)]!
  }

  end(row: number): bigint {
    return this.#longs[row >>> BLOCK_SHIFT]![(row & IN_BLOCK) * (ROW / 2) + 1]!
  }

  offset(row: number): bigint {
    return this.#longs[row >>> BLOCK_SHIFT]![(row & IN_BLOCK) * (ROW / 2) + 2]!
  }

  inode(row: number): bigint {
    return this.#longs[row >>> BLOCK_SHIFT]![(row & IN_BLOCK) * (ROW / 2) + 3]!
  }

  deviceMajor(row: number): number {
    return this.#blocks[row >>> BLOCK_SHIFT]![(row & IN_BLOCK) * ROW + MAJOR]!
  }

  deviceMinor(row: number): number {
    return this.#blocks[row >>> BLOCK_SHIFT]![(row & IN_BLOCK) * ROW + MINOR]!
  }

  /** The bits of `PROT`, and `ROW_SHARED`. */
  permissions(row: number): number {
    return this.#blocks[row >>> BLOCK_SHIFT]![(row & IN_BLOCK) * ROW + PERMISSIONS]!
  }

  /** The name as the text has it: a newline in it is `\012`, and so may a backslash and three digits be. Rows share it. */
  name(row: number): Uint8Array {
    const block = this.#blocks[row >>> BLOCK_SHIFT]!
    return this.#names[block[block[(row & IN_BLOCK) * ROW + NAME_ROW]! * ROW + NAME_NUMBER]!]!
  }

  /** Whether a name that `name` gave could be two, by the escape that the kernel makes. */
  isAmbiguous(name: Uint8Array): boolean {
    return this.#ambiguous.size > 0 && this.#ambiguous.has(name)
  }

  /** The number that `flagsNumber` gave the row's flags. */
  flagsNumber(row: number): number {
    const block = this.#blocks[row >>> BLOCK_SHIFT]!
    return block[block[(row & IN_BLOCK) * ROW + FLAGS_ROW]! * ROW + FLAGS_NUMBER]!
  }

  /** The number of the row's usage, which rows may share. */
  usageNumber(row: number): number {
    return this.#blocks[row >>> BLOCK_SHIFT]![(row & IN_BLOCK) * ROW + USAGE_NUMBER]!
  }

  /** The first row that ends above `address`, or `count`. */
  firstEndingAfter(address: bigint): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.end(middle) > address) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Adds all lines of `bytes` in `[from, to)`. Returns `to`. */
  addAll(bytes: Uint8Array, from: number, to: number): number {
    const { parseMaps } = addon()
    return this.addBy(bytes, from, to, (block, row, at) => parseMaps(bytes, at, to, block, row))
  }

  /**
   * Adds what `parse` reads from `bytes`, and takes in the names. `numberOfFlags` gives a number to the flags whose text stands at
   * `[from, to)`, which `flagsNumber` has then for all rows with these flags. Returns where `parse` stopped.
   */
  addBy(
    bytes: Uint8Array,
    from: number,
    to: number,
    parse: Parse,
    numberOfFlags?: (from: number, to: number) => number,
  ): number {
    const { results } = sharedResults()
    let at = from
    while (at < to) {
      const first = this.#count & IN_BLOCK
      const block = this.#blockAt(this.#count >>> BLOCK_SHIFT)
      results[3] = this.#lastEnd()
      const read = parse(block, first, at)
      if (read < 0) throw new RangeError(`the addon refused to read the text: ${read}`)
      const stopped = results[0]!
      if (results[1] !== 0) throw unforeseen(bytes, stopped)
      for (let row = results[2]!; row !== NONE; row = block[row * ROW + NEXT]!) {
        const base = row * ROW
        if (block[base + NAME_ROW] === row) block[base + NAME_NUMBER] = this.#numberOfName(bytes, block, base)
        if (numberOfFlags !== undefined && block[base + FLAGS_ROW] === row) {
          block[base + FLAGS_NUMBER] = numberOfFlags(block[base + FLAGS_FROM]!, block[base + FLAGS_TO]!)
        }
      }
      this.#count += read
      if (stopped === at) break
      at = stopped
    }
    return at
  }

  /** Where the last area ends; 0 where there is none, or where a number can't hold it, as that of `[vsyscall]`, which nothing follows. */
  #lastEnd(): number {
    const end = this.#count === 0 ? 0n : this.end(this.#count - 1)
    return end < 1n << 63n && BigInt(Number(end)) === end ? Number(end) : 0
  }

  #numberOfName(bytes: Uint8Array, block: Uint32Array, base: number): number {
    const inode = block[base + 6]!
    const from = block[base + NAME_FROM]!
    const to = block[base + NAME_TO]!
    if (from === to) return 0
    const known = this.#nameOfInode.get(inode)
    if (known !== undefined && isAt(this.#names[known]!, bytes, from, to)) return known
    const number = this.#names.length
    const name = bytes.slice(from, to)
    this.#names.push(name)
    if (isAmbiguousName(name)) this.#ambiguous.add(name)
    this.#nameOfInode.set(inode, number)
    return number
  }

  #blockAt(index: number): Uint32Array {
    let block = this.#blocks[index]
    if (block === undefined) {
      // Not zeroed, which took a fourth of the time of reading the lines: a row is written before it is counted.
      block = new Uint32Array(Buffer.allocUnsafeSlow(BLOCK_ROWS * ROW * 4).buffer)
      this.#blocks.push(block)
      this.#longs.push(new BigUint64Array(block.buffer))
    }
    return block
  }
}

/** Whether `name` stands in `bytes` at `[from, to)`. */
function isAt(name: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false
  for (let index = name.length - 1; index >= 0; index--) if (name[index] !== bytes[from + index]) return false
  return true
}

function unforeseen(bytes: Uint8Array, at: number): UsageError {
  const end = bytes.indexOf(NEWLINE, at)
  const line = new TextDecoder().decode(bytes.subarray(at, end < 0 ? bytes.length : end))
  return new UsageError(
    'ERR_VMAREA_UNFORESEEN_TEXT',
    `the kernel's list of areas has a line that vmarea can't read: ${JSON.stringify(line)}`,
  )
}

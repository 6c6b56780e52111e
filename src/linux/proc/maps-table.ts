import { UsageError } from '../../vocabulary/usage-error.js'

/** Words of 32 bits a row: start, end, offset, inode (two each, low first), major, minor, permissions, name's start, name's end. */
const ROW = 14
const MAJOR = 8
const MINOR = 9
const PERMISSIONS = 10
const NAME = 11
const NAME_END = 12

const NEWLINE = 10
const SPACE = 32
const HYPHEN = 45
const COLON = 58
const NOT_A_DIGIT = 255
/** The column at which the kernel begins a name (`seq_setwidth` in `show_map_vma`). */
const NAME_COLUMN = 73

const DIGIT = digitsByByte()

/**
 * Permissions of a row: the bits of `PROT`, and this one for a shared area.
 * It is 8 as in `PROCMAP_QUERY`.
 */
export const ROW_SHARED = 8

/**
 * The lines of /proc/PID/maps in columns: 50,000 of them cost one object, not 50,000. Row fields are made when asked for.
 *
 * A line that is none of the kernel's (`show_map_vma`) throws `ERR_VMAREA_UNFORESEEN_TEXT` with the line: it is never passed over.
 */
export class MapsTable {
  #words: Uint32Array
  #longs: BigUint64Array
  #count = 0
  /** Where the names are. */
  #bytes: Uint8Array

  constructor(bytes: Uint8Array, rows = 64) {
    this.#bytes = bytes
    this.#words = new Uint32Array(rows * ROW)
    this.#longs = new BigUint64Array(this.#words.buffer)
  }

  /** All the lines of `bytes`, which are kept. */
  static of(bytes: Uint8Array): MapsTable {
    const table = new MapsTable(bytes, Math.ceil(bytes.length / 64) + 1)
    let at = 0
    while (at < bytes.length) at = table.add(bytes, at)
    return table
  }

  get count(): number {
    return this.#count
  }

  start(row: number): bigint {
    return this.#longs[row * (ROW / 2)]!
  }

  end(row: number): bigint {
    return this.#longs[row * (ROW / 2) + 1]!
  }

  offset(row: number): bigint {
    return this.#longs[row * (ROW / 2) + 2]!
  }

  inode(row: number): bigint {
    return this.#longs[row * (ROW / 2) + 3]!
  }

  deviceMajor(row: number): number {
    return this.#words[row * ROW + MAJOR]!
  }

  deviceMinor(row: number): number {
    return this.#words[row * ROW + MINOR]!
  }

  /** The bits of `PROT`, and `ROW_SHARED`. */
  permissions(row: number): number {
    return this.#words[row * ROW + PERMISSIONS]!
  }

  /** The name as the text has it: a newline in it is `\012`, and so may a backslash and three digits be. */
  name(row: number): Uint8Array {
    return this.#bytes.subarray(this.#words[row * ROW + NAME]!, this.#words[row * ROW + NAME_END]!)
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

  /** Keeps the name of the last row in `names` from now on, at `at`. All rows must do the same. */
  moveLastName(names: Uint8Array, at: number): void {
    const base = (this.#count - 1) * ROW
    const length = this.#words[base + NAME_END]! - this.#words[base + NAME]!
    this.#words[base + NAME] = at
    this.#words[base + NAME_END] = at + length
    this.#bytes = names
  }

  /** Reads the line at `at` of `bytes`, which ends with a newline. Returns where the next one begins. */
  add(bytes: Uint8Array, at: number): number {
    const base = this.#count * ROW
    if (base + ROW > this.#words.length) this.#grow()
    const words = this.#words

    let position = this.#hex64(bytes, at, base)
    if (position < 0 || bytes[position] !== HYPHEN) throw unforeseen(bytes, at)
    position = this.#hex64(bytes, position + 1, base + 2)
    if (position < 0 || bytes[position] !== SPACE) throw unforeseen(bytes, at)

    const permissions = permissionsAt(bytes, position + 1)
    if (permissions < 0 || bytes[position + 5] !== SPACE) throw unforeseen(bytes, at)
    words[base + PERMISSIONS] = permissions

    position = this.#hex64(bytes, position + 6, base + 4)
    if (position < 0 || bytes[position] !== SPACE) throw unforeseen(bytes, at)

    let digit: number
    let number = 0
    const major = ++position
    while ((digit = DIGIT[bytes[position]!]!) < 16) {
      number = (number << 4) | digit
      position++
    }
    words[base + MAJOR] = number
    if (position === major || bytes[position] !== COLON) throw unforeseen(bytes, at)
    number = 0
    const minor = ++position
    while ((digit = DIGIT[bytes[position]!]!) < 16) {
      number = (number << 4) | digit
      position++
    }
    words[base + MINOR] = number
    if (position === minor || bytes[position] !== SPACE) throw unforeseen(bytes, at)

    position = this.#decimal64(bytes, position + 1, base + 6)
    if (position < 0) throw unforeseen(bytes, at)

    // An anonymous line may end in the space that parts it from no name.
    const end = bytes[position] === NEWLINE ? position : bytes.indexOf(NEWLINE, position)
    if (end < 0 || (end > position && bytes[position] !== SPACE)) throw unforeseen(bytes, at)
    let name = position
    if (end > position) {
      // The name may begin with a space of its own, but never before its column; it comes later only behind a very long number.
      const column = at + NAME_COLUMN
      do name++
      while (name < end && name < column && bytes[name] === SPACE)
    }
    words[base + NAME] = name
    words[base + NAME_END] = end
    this.#count++
    return end + 1
  }

  /** Reads up to 16 hexadecimal digits to two words. Returns the position behind them, or -1. */
  #hex64(bytes: Uint8Array, at: number, word: number): number {
    let low = 0
    let high = 0
    let position = at
    let digit: number
    while ((digit = DIGIT[bytes[position]!]!) < 16) {
      high = (high << 4) | (low >>> 28)
      low = (low << 4) | digit
      position++
    }
    this.#words[word] = low
    this.#words[word + 1] = high
    return position === at || position > at + 16 ? -1 : position
  }

  /** Reads decimal digits likewise. An inode number has 64 bits: most of them fit a double, the rest goes through a bigint. */
  #decimal64(bytes: Uint8Array, at: number, word: number): number {
    let number = 0
    let position = at
    let digit: number
    while ((digit = DIGIT[bytes[position]!]!) < 10) {
      number = number * 10 + digit
      position++
    }
    if (position === at || position > at + 20) return -1
    if (number <= Number.MAX_SAFE_INTEGER) {
      this.#words[word] = number
      this.#words[word + 1] = number / 2 ** 32
    } else {
      this.#longs[word / 2] = BigInt(String.fromCharCode(...bytes.subarray(at, position)))
    }
    return position
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2)
    words.set(this.#words)
    this.#words = words
    this.#longs = new BigUint64Array(words.buffer)
  }
}

/** Four letters, as in `r-xp`. -1 where they are others. */
function permissionsAt(bytes: Uint8Array, at: number): number {
  const read = bytes[at]
  const write = bytes[at + 1]
  const execute = bytes[at + 2]
  const share = bytes[at + 3]
  let permissions = 0
  if (read === 0x72) permissions |= 1
  else if (read !== HYPHEN) return -1
  if (write === 0x77) permissions |= 2
  else if (write !== HYPHEN) return -1
  if (execute === 0x78) permissions |= 4
  else if (execute !== HYPHEN) return -1
  if (share === 0x73) permissions |= ROW_SHARED
  else if (share !== 0x70) return -1
  return permissions
}

function unforeseen(bytes: Uint8Array, at: number): UsageError {
  const end = bytes.indexOf(NEWLINE, at)
  const line = new TextDecoder().decode(bytes.subarray(at, end < 0 ? bytes.length : end))
  return new UsageError(
    'ERR_VMAREA_UNFORESEEN_TEXT',
    `the kernel's list of areas has a line that vmarea can't read: ${JSON.stringify(line)}`,
  )
}

function digitsByByte(): Uint8Array {
  const digits = new Uint8Array(256).fill(NOT_A_DIGIT)
  for (let value = 0; value < 16; value++) digits[value.toString(16).charCodeAt(0)] = value
  return digits
}

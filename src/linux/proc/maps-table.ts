import { UsageError } from '../../vocabulary/usage-error.js'

/** Words of 32 bits a row: start, end, offset, inode (two each, low first), major, minor, permissions, the name's number. */
const ROW = 12
const MAJOR = 8
const MINOR = 9
const PERMISSIONS = 10
const NAME = 11

const NEWLINE = 10
const SPACE = 32
const HYPHEN = 45
const COLON = 58
const NOT_A_DIGIT = 255
/** The column at which the kernel begins a name (`seq_setwidth` in `show_map_vma`). */
const NAME_COLUMN = 73

const DIGIT = digitsByByte()
const NO_NAME = new Uint8Array(0)

/**
 * Permissions of a row: the bits of `PROT`, and this one for a shared area.
 * It is 8 as in `PROCMAP_QUERY`.
 */
export const ROW_SHARED = 8

/**
 * The lines of /proc/PID/maps in columns: 50,000 of them cost a few arrays, not 50,000 objects. Row fields are made when asked for, and
 * a name that many rows have is kept once.
 *
 * A line that is none of the kernel's (`show_map_vma`) throws `ERR_VMAREA_UNFORESEEN_TEXT` with the line: it is never passed over.
 */
export class MapsTable {
  #words = new Uint32Array(64 * ROW)
  #longs = new BigUint64Array(this.#words.buffer)
  #count = 0
  readonly #names: Uint8Array[] = [NO_NAME]
  /** The last name seen with an inode number (its low word): one file has mostly one name. */
  readonly #nameOfInode = new Map<number, number>()

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

  /** The name as the text has it: a newline in it is `\012`, and so may a backslash and three digits be. Rows share it. */
  name(row: number): Uint8Array {
    return this.#names[this.#words[row * ROW + NAME]!]!
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

  /** Adds all lines of `bytes` in `[from, to)`. */
  addAll(bytes: Uint8Array, from: number, to: number): number {
    let at = from
    while (at < to) at = this.add(bytes, at)
    return at
  }

  /** Adds the line at `at` of `bytes`, which ends with a newline. Returns where the next one begins. */
  add(bytes: Uint8Array, at: number): number {
    const base = this.#count * ROW
    if (base + ROW > this.#words.length) this.#grow()
    const words = this.#words

    let position = hex64(bytes, at, words, base)
    if (position < 0 || bytes[position] !== HYPHEN) throw unforeseen(bytes, at)
    position = hex64(bytes, position + 1, words, base + 2)
    if (position < 0 || bytes[position] !== SPACE) throw unforeseen(bytes, at)

    const permissions = permissionsAt(bytes, position + 1)
    if (permissions < 0 || bytes[position + 5] !== SPACE) throw unforeseen(bytes, at)
    words[base + PERMISSIONS] = permissions

    position = hex64(bytes, position + 6, words, base + 4)
    if (position < 0 || bytes[position] !== SPACE) throw unforeseen(bytes, at)
    position = hex32(bytes, position + 1, words, base + MAJOR)
    if (position < 0 || bytes[position] !== COLON) throw unforeseen(bytes, at)
    position = hex32(bytes, position + 1, words, base + MINOR)
    if (position < 0 || bytes[position] !== SPACE) throw unforeseen(bytes, at)
    position = this.#inode(bytes, position + 1, base + 6)
    if (position < 0) throw unforeseen(bytes, at)

    // An anonymous line may end in the space that parts it from no name.
    if (bytes[position] === SPACE && bytes[position + 1] === NEWLINE) position++
    if (bytes[position] === NEWLINE) {
      words[base + NAME] = 0
      this.#count++
      return position + 1
    }
    if (bytes[position] !== SPACE) throw unforeseen(bytes, at)
    // The name may begin with a space of its own, but never before its column; it comes later only behind a very long number.
    let name = position + 1
    const column = at + NAME_COLUMN
    while (name < column && bytes[name] === SPACE) name++
    const end = bytes.indexOf(NEWLINE, name)
    if (end < 0) throw unforeseen(bytes, at)
    words[base + NAME] = this.#numberOfName(bytes, name, end, words[base + 6]!)
    this.#count++
    return end + 1
  }

  /** A file's inode number has 64 bits: most fit a double, the rest goes through a bigint. */
  #inode(bytes: Uint8Array, at: number, word: number): number {
    let number = 0
    let position = at
    for (let digit = DIGIT[bytes[position]!]!; digit < 10; digit = DIGIT[bytes[++position]!]!)
      number = number * 10 + digit
    if (position === at || position > at + 20) return -1
    if (number <= Number.MAX_SAFE_INTEGER) {
      this.#words[word] = number
      this.#words[word + 1] = number / 2 ** 32
    } else {
      this.#longs[word / 2] = BigInt(String.fromCharCode(...bytes.subarray(at, position)))
    }
    return position
  }

  #numberOfName(bytes: Uint8Array, from: number, to: number, inode: number): number {
    const known = this.#nameOfInode.get(inode)
    if (known !== undefined && isAt(this.#names[known]!, bytes, from, to)) return known
    const number = this.#names.length
    this.#names.push(bytes.slice(from, to))
    this.#nameOfInode.set(inode, number)
    return number
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2)
    words.set(this.#words)
    this.#words = words
    this.#longs = new BigUint64Array(words.buffer)
  }
}

/** Whether `name` stands in `bytes` at `[from, to)`. */
function isAt(name: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (name.length !== length) return false
  for (let index = 0; index < length; index++) if (name[index] !== bytes[from + index]) return false
  return true
}

/** Reads up to 16 hexadecimal digits to two words, the low one first. Returns the position behind them, or -1. */
function hex64(bytes: Uint8Array, at: number, words: Uint32Array, word: number): number {
  let low = 0
  let high = 0
  let position = at
  for (let digit = DIGIT[bytes[position]!]!; digit < 16; digit = DIGIT[bytes[++position]!]!) {
    high = (high << 4) | (low >>> 28)
    low = (low << 4) | digit
  }
  words[word] = low
  words[word + 1] = high
  return position === at || position > at + 16 ? -1 : position
}

function hex32(bytes: Uint8Array, at: number, words: Uint32Array, word: number): number {
  let number = 0
  let position = at
  for (let digit = DIGIT[bytes[position]!]!; digit < 16; digit = DIGIT[bytes[++position]!]!)
    number = (number << 4) | digit
  words[word] = number
  return position === at || position > at + 8 ? -1 : position
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

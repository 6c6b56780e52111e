import { checkArgument } from '../vocabulary/options/check-argument.js'
import type { ValueRule } from '../vocabulary/options/check-options.js'
import { powerOfTwo } from '../vocabulary/options/power-of-two.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UFFD_EVENT_CODE } from '../vocabulary/uffd-event-code.js'
import { UFFD_FAULT_FLAG } from '../vocabulary/uffd-fault-flag.js'
import { UsageError } from '../vocabulary/usage-error.js'

const BYTES = 32
const WORDS = BYTES / 4
const HIGH = 2 ** 32

// Apart from the methods that throw them: the smaller the parts of a loop that serves faults are, the more of them the engine compiles as
// one, in which an address is never an object.

function wrongIndex(index: number, capacity: number): never {
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `index must be that of a message, a whole number from 0 to ${capacity - 1}, and is ${showValue(index)}`,
  )
}

/** The alignment, if it is one. */
function checkedAlignment(alignment: number): number {
  checkArgument('address()', 'alignment', alignment, alignmentRule)
  return alignment
}

const alignmentRule = powerOfTwo(2 ** 31)
const roomRule: ValueRule = {
  must: 'a whole number of messages from 1 to 1048576, or a Uint8Array',
  holds: (value) =>
    value instanceof Uint8Array || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1 << 20),
}

/**
 * A buffer for messages of a userfaultfd, read without making objects: for a loop that serves faults. Addresses are numbers, which are
 * exact, because the kernel gives a program no address above 2^53 unless it asks for one.
 *
 * ```ts
 * const messages = new UffdMessages(64)
 * const count = uffd.readEvents(messages)
 * for (let index = 0; index < count; index++) {
 *   if (messages.isFault(index)) uffd.zero(messages.address(index, pageSize), pageSize)
 * }
 * ```
 */
export class UffdMessages {
  /** The messages as they were read, 32 bytes each. */
  readonly bytes: Uint8Array
  /** The number of messages that fit. */
  readonly capacity: number
  readonly #words: Uint32Array
  /** The alignment that was last checked. */
  #alignment = 1

  /**
   * @param room how many messages, or the memory to use, of which whole messages count
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for memory that is smaller than a message or not aligned to 4
   * bytes
   */
  constructor(room: number | Uint8Array = 64) {
    checkArgument('new UffdMessages()', 'room', room, roomRule)
    const bytes = typeof room === 'number' ? new Uint8Array(room * BYTES) : room
    if (bytes.length < BYTES || bytes.byteOffset % 4 !== 0) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `a message has ${BYTES} bytes and begins at a multiple of 4; this is room for ${bytes.length} bytes at offset ${bytes.byteOffset}`,
      )
    }
    this.capacity = Math.floor(bytes.length / BYTES)
    this.bytes = bytes.subarray(0, this.capacity * BYTES)
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, this.capacity * WORDS)
  }

  /** The kind of event: one of `UFFD_EVENT_CODE`. */
  code(index: number): number {
    return this.#words[this.#first(index)]! & 0xff
  }

  /** Whether the message is a fault. */
  isFault(index: number): boolean {
    return this.code(index) === UFFD_EVENT_CODE.PAGEFAULT
  }

  /** Of a fault: the address, rounded down to `alignment`, a power of two of up to 2 GiB. */
  address(index: number, alignment = 1): number {
    const first = this.#first(index)
    if (alignment !== this.#alignment) this.#alignment = checkedAlignment(alignment)
    const words = this.#words
    const low = words[first + 4]!
    const high = words[first + 5]!
    return high * HIGH + ((low & -alignment) >>> 0)
  }

  /** Of a fault: a mask of `UFFD_FAULT_FLAG`. */
  flags(index: number): number {
    return this.#words[this.#first(index) + 2]!
  }

  /** Of a fault: whether the access was a write. */
  isWrite(index: number): boolean {
    return (this.flags(index) & UFFD_FAULT_FLAG.WRITE) !== 0
  }

  /** Of a fault: whether it was a write to a write-protected page. */
  isWriteProtected(index: number): boolean {
    return (this.flags(index) & UFFD_FAULT_FLAG.WP) !== 0
  }

  /** Of a fault: whether the page is in the page cache and only missing in the page table. */
  isMinor(index: number): boolean {
    return (this.flags(index) & UFFD_FAULT_FLAG.MINOR) !== 0
  }

  /** Of a fault: the thread that waits; 0 without the feature `thread_id`. */
  threadId(index: number): number {
    return this.#words[this.#first(index) + 6]!
  }

  /** Of a fork: the child's userfaultfd, a descriptor that the reader owns and has to wrap or close. */
  descriptor(index: number): number {
    return this.#words[this.#first(index) + 2]!
  }

  /** Of a remove or an unmap: the start of the range; of a remap: its old start. */
  start(index: number): number {
    return this.#word(index, 0)
  }

  /** Of a remove or an unmap: the end of the range, exclusive; of a remap: its new start. */
  end(index: number): number {
    return this.#word(index, 1)
  }

  /** Of a remap: the length of the range in bytes. */
  length(index: number): number {
    return this.#word(index, 2)
  }

  #word(index: number, which: number): number {
    const at = this.#first(index) + 2 + which * 2
    return this.#words[at + 1]! * HIGH + this.#words[at]!
  }

  /** The first word of a message. */
  #first(index: number): number {
    // A number that it leaves as it is is a whole number from 0 on.
    if (typeof index !== 'number' || index >>> 0 !== index || index >= this.capacity) wrongIndex(index, this.capacity)
    return index * WORDS
  }
}

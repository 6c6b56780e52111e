import { readFileSync } from 'node:fs'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { sharedResults } from '../addon/shared-results.js'

/** The system calls that the process makes, in the order of the table in `native/play/serve-calls.cc`. */
export const PLAY_SYSTEM_CALLS = [
  'mmap',
  'munmap',
  'mprotect',
  'mremap',
  'madvise',
  'mlock',
  'munlock',
  'mlockall',
  'munlockall',
  'mseal',
  'memfd_create',
  'ftruncate',
  'pwrite64',
  'close',
  'userfaultfd',
  'ioctl',
  'read',
] as const

export type PlaySystemCall = (typeof PLAY_SYSTEM_CALLS)[number]

/** The result of a request. */
export type Served =
  | { readonly kind: 'done'; readonly result: number; readonly bytes: Uint8Array }
  | { readonly kind: 'signal'; readonly signal: number; readonly code: number; readonly address: bigint }
  /** The thread that carries it out waits for a userfaultfd: call `again` later. */
  | { readonly kind: 'waits'; readonly id: number }

// As `native/play/message.h` has them.
const KIND = { SYSTEM_CALL: 0n, LOAD: 1n, STORE: 2n, JUMP: 3n, FORK: 4n }
const ANSWER = { STARTED: 0n, DONE: 1n, FORKED: 2n }
const HEADER = 80
const ANSWER_BYTES = 112
const PAYLOAD = 64
const NO_POINTER = -1n
const { EAGAIN } = ERRNO_RESULT
/** The time limit of a request, in milliseconds. */
const PATIENCE = 10_000

/**
 * A process of the running kernel that makes calls and accesses for this one, each on a thread of its own, in a sandbox. Requests are
 * synchronous. Throws `VmError` `ESRCH` once the process has ended, `ETIMEDOUT` when a request takes longer than ten seconds.
 */
export class ServedProcess implements Disposable {
  readonly pid: number
  readonly #socket: number
  readonly #finished = new Map<number, Served>()
  readonly #threads = new Map<number, number>()
  #next = 1

  private constructor(pid: number, socket: number) {
    this.pid = pid
    this.#socket = socket
  }

  /** Starts a process, as a child of this one. */
  static start(): ServedProcess {
    const pid = check(addon().playStart(), 'fork')
    return new ServedProcess(pid, sharedResults().results[0]!)
  }

  /** Makes a system call. `bytes` become memory of the process, whose address is argument `pointer`; what is there afterwards is in the answer. */
  call(
    name: PlaySystemCall,
    values: readonly (number | bigint)[],
    pointer = -1,
    bytes: Uint8Array = new Uint8Array(),
  ): Served {
    return this.#ask(KIND.SYSTEM_CALL, PLAY_SYSTEM_CALLS.indexOf(name), values, pointer, bytes)
  }

  load(address: number): Served {
    return this.#ask(KIND.LOAD, 0, [address])
  }

  store(address: number, byte: number): Served {
    return this.#ask(KIND.STORE, 0, [address, byte])
  }

  /** Executes the instruction at the address: that one alone. */
  jump(address: number): Served {
    return this.#ask(KIND.JUMP, 0, [address])
  }

  /** fork(2): another process, which ends when it is disposed of. */
  fork(): ServedProcess {
    const id = this.#send(KIND.FORK, 0, [], -1, new Uint8Array())
    const { result, descriptor } = this.#until(() => {
      for (let taken = this.#take(); taken !== undefined; taken = this.#take()) if (taken.id === id) return taken
      return undefined
    })
    if (result < 0) throw new VmError(result, 'fork')
    check(addon().setNonblocking(descriptor), 'fcntl')
    return new ServedProcess(result, descriptor)
  }

  /** The result of a request that waited before. */
  again(id: number): Served {
    return this.#settled(id)
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.#socket)
    try {
      process.kill(this.pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }

  #ask(
    kind: bigint,
    call: number,
    values: readonly (number | bigint)[],
    pointer = -1,
    bytes: Uint8Array = new Uint8Array(),
  ): Served {
    return this.#settled(this.#send(kind, call, values, pointer, bytes))
  }

  #send(kind: bigint, call: number, values: readonly (number | bigint)[], pointer: number, bytes: Uint8Array): number {
    const id = this.#next++
    const packet = new Uint8Array(HEADER + bytes.length)
    const words = new BigInt64Array(packet.buffer, 0, HEADER / 8)
    words.set([BigInt(id), kind, BigInt(call), ...values.map((value) => BigInt.asIntN(64, BigInt(value)))])
    words[9] = pointer < 0 ? NO_POINTER : BigInt(pointer)
    packet.set(bytes, HEADER)
    if (addon().socketSend(this.#socket, packet, new Int32Array()) < 0) throw this.#gone()
    return id
  }

  /** Waits until the request is done, or its thread waits for a userfaultfd. */
  #settled(id: number): Served {
    return this.#until(() => {
      while (this.#take() !== undefined);
      const finished = this.#finished.get(id)
      if (finished !== undefined) {
        this.#finished.delete(id)
        this.#threads.delete(id)
        return finished
      }
      const thread = this.#threads.get(id)
      return thread !== undefined && this.#waits(thread) ? { kind: 'waits', id } : undefined
    })
  }

  /** Calls `find` until it finds something. A process that takes longer than `PATIENCE` is killed. */
  #until<T>(find: () => T | undefined): T {
    for (const end = performance.now() + PATIENCE; performance.now() < end; pause()) {
      const found = find()
      if (found !== undefined) return found
    }
    process.kill(this.pid, 'SIGKILL')
    throw new VmError('ETIMEDOUT', 'call', { hint: `process ${this.pid} did not answer in ${PATIENCE / 1000} s` })
  }

  /** Takes the next packet, if there is one. */
  #take(): { readonly id: number; readonly result: number; readonly descriptor: number } | undefined {
    const packet = new Uint8Array(ANSWER_BYTES)
    const descriptors = new Int32Array(8)
    const length = addon().socketReceive(this.#socket, packet, descriptors)
    if (length === EAGAIN) return undefined
    if (length !== ANSWER_BYTES) throw this.#gone()
    const [id, kind, result, signal, code, address] = new BigInt64Array(packet.buffer, 0, 6)
    const number = Number(id)
    if (kind === ANSWER.STARTED) this.#threads.set(number, Number(result))
    else if (kind === ANSWER.DONE) {
      this.#finished.set(
        number,
        signal === 0n
          ? { kind: 'done', result: Number(result), bytes: packet.slice(ANSWER_BYTES - PAYLOAD) }
          : { kind: 'signal', signal: Number(signal), code: Number(code), address: BigInt.asUintN(64, address!) },
      )
    }
    return { id: number, result: Number(result), descriptor: descriptors[0]! }
  }

  /** Whether a thread sleeps in the kernel's wait for a userfaultfd. One that was woken sleeps no longer, whether it has run or not. */
  #waits(thread: number): boolean {
    try {
      return readFileSync(`/proc/${this.pid}/task/${thread}/wchan`, 'latin1') === 'handle_userfault'
    } catch {
      return false
    }
  }

  #gone(): VmError {
    return new VmError('ESRCH', 'call', { hint: `process ${this.pid} has ended` })
  }
}

const clock = new Int32Array(new SharedArrayBuffer(4))

function pause(): void {
  Atomics.wait(clock, 0, 0, 0.2)
}

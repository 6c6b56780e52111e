import { types } from 'node:util'
import { thisProcess } from '#vmarea/this-process.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import type { Random } from './random.js'
import { Watched } from './watched.js'

/** The number of objects that calls are made on. Where there are more, one of the oldest is dropped. */
const MOST_OBJECTS = 48
const CANARY_PAGES = 2

/** The objects, canaries and pending calls of one fuzzing thread. */
export class FuzzState {
  readonly random: Random
  readonly pageSize: number = thisProcess().pageSize
  readonly objects: object[] = []
  /** The last method that was chosen, for the message of a failure. */
  last = ''
  readonly pending = new Set<Promise<unknown>>()
  readonly watched: Watched
  /** Ranges that a userfaultfd of this thread caught: a plain access by this thread waits for itself, as documented. */
  readonly caught: { start: bigint; end: bigint }[] = []
  readonly #heap = new Uint8Array(65536).fill(0xa5)
  readonly #canaries: bigint[] = []
  readonly #mm = thisProcess().mm.mmgetNotZero()!

  constructor(random: Random) {
    this.random = random
    this.watched = new Watched(random, this.pageSize)
  }

  /** Maps memory that no call may change. Later mappings are placed around it. */
  addCanary(): void {
    const { calls } = thisProcess().kernel
    const length = CANARY_PAGES * this.pageSize
    const start = calls.mmap(0n, length, PROT.READ | PROT.WRITE, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
    this.#canaries.push(start)
  }

  /** Throws where a canary has changed, or where a byte that was read is not the file's. */
  check(): void {
    if (this.#heap.some((byte) => byte !== 0xa5)) throw new Error('the heap has changed')
    const bytes = new Uint8Array(CANARY_PAGES * this.pageSize)
    for (const canary of this.#canaries) {
      // A random call registered it with a userfaultfd.
      if (this.isCaught(canary, canary + BigInt(bytes.length))) continue
      bytes.fill(1)
      const read = this.#mm.readMemory(canary, bytes)
      if (read !== bytes.length) throw new Error(`a canary at ${canary.toString(16)} has gone, after ${read} bytes`)
      if (bytes.some((byte) => byte !== 0)) throw new Error(`a canary at ${canary.toString(16)} has changed`)
    }
    this.watched.check()
  }

  add(value: unknown): void {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
    if (this.objects.includes(value)) return
    this.objects.push(value)
    if (this.objects.length > MOST_OBJECTS) this.objects.splice(this.random.below(8), 1)
  }

  wait(promise: Promise<unknown>): void {
    const { last } = this
    const settled = promise.then(
      (value) => this.add(value),
      (error) => checkError(error, last),
    )
    const watched = settled.finally(() => this.pending.delete(watched))
    this.pending.add(watched)
  }

  isCaught(start: bigint, end: bigint): boolean {
    return this.caught.some((range) => range.start < end && range.end > start)
  }
}

/** Throws where `error` is one that the library must not throw: one without a code that V8 does not throw itself. */
export function checkError(error: unknown, last: string): void {
  // One of another context is no instance of this one's class.
  if (!types.isNativeError(error) && !(error instanceof Error))
    throw new Error(`${last} threw a value that is no error: ${String(error)}`)
  if (Reflect.get(error, 'code') !== undefined) return
  if (error.name === 'SuppressedError') {
    checkError(Reflect.get(error, 'error'), last)
    checkError(Reflect.get(error, 'suppressed'), last)
    return
  }
  // V8's own: a full stack, a detached buffer, an argument of the wrong type.
  if (error.message.includes('Maximum call stack')) return
  if (error instanceof RangeError || error instanceof TypeError || error.name === 'AbortError') return
  throw new Error(`${last} threw an error without a code: ${error.stack}`, { cause: error })
}

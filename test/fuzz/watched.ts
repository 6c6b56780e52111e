import {
  MemoryFault,
  type MemoryFile,
  type Mmap,
  type MmapMut,
  type MmapNone,
  map,
  memfd,
  UsageError,
  VmError,
} from 'vmarea'
import type { Random } from './random.js'

const PAGES = 12

type Handle = Mmap | MmapMut | MmapNone

/** A mapping of a file whose bytes are known and never written. Whatever calls change the mapping, each byte that `read` returns is the file's. */
export class Watched {
  readonly #random: Random
  readonly #pageSize: number
  readonly #file: MemoryFile
  #handle: Handle

  constructor(random: Random, pageSize: number) {
    this.#random = random
    this.#pageSize = pageSize
    this.#file = memfd('watched', { size: PAGES * pageSize })
    using all = map({ file: this.#file, shared: true }).makeMut()
    for (let page = 0; page < PAGES; page++) all.write(page * pageSize, new Uint8Array(pageSize).fill(page + 1))
    this.#handle = this.#map()
  }

  /** Makes a call that leaves the bytes of the file as they are. */
  act(): void {
    const random = this.#random
    const handle = this.#handle
    switch (random.below(12)) {
      case 0:
        this.#handle = handle.makeNone()
        return
      case 1:
      case 2:
        this.#handle = handle.makeReadOnly()
        return
      case 3:
        this.#handle = handle.makeMut()
        return
      case 4: {
        const front = handle.splitOff((1 + random.below(PAGES - 1)) * this.#pageSize)
        front.merge(handle as never)
        this.#handle = front as Handle
        return
      }
      case 5:
        handle.resize(random.pick([PAGES, PAGES * 3, PAGES]) * this.#pageSize)
        if (random.chance(0.8)) handle.resize(PAGES * this.#pageSize)
        return
      case 6:
        handle.advise(random.pick(['dontneed', 'cold', 'willneed', 'random', 'normal'] as const))
        return
      // The write is contained where the memory is not writable.
      case 7:
        if (!this.#isWritable && 'bytes' in handle)
          (handle.bytes as Uint8Array)[random.below(PAGES * this.#pageSize)] = 255
        return
      case 8:
        handle.restore()
        return
      case 9:
        handle.unmap()
        this.#handle = this.#map()
        return
      case 10:
        if ('access' in handle) handle.access((bytes) => bytes[random.below(bytes.length)])
        return
      default:
        this.check()
    }
  }

  check(): void {
    const handle = this.#handle
    if (!('read' in handle)) return
    const bytes = new Uint8Array(PAGES * this.#pageSize)
    try {
      handle.read(0, bytes)
    } catch (error) {
      if (!(error instanceof MemoryFault || error instanceof UsageError)) throw error
      if (this.#random.chance(0.7)) this.restore()
      return
    }
    const wrong = bytes.findIndex((byte, index) => byte !== Math.floor(index / this.#pageSize) + 1)
    if (wrong !== -1) throw new Error(`byte ${wrong} of the watched file reads ${bytes[wrong]}`)
  }

  restore(): void {
    try {
      this.#handle.restore()
    } catch (error) {
      // This thread holds a guard, or the mapping is gone.
      if (error instanceof VmError && error.code === 'EDEADLK') return
      if (!(error instanceof UsageError)) throw error
      this.#handle = this.#map()
    }
  }

  get #isWritable(): boolean {
    return 'write' in this.#handle
  }

  #map(): Mmap {
    return map({ file: this.#file, shared: true, writable: true })
  }
}

import type { FaultRecord } from '../kernel/fault-record.js'
import type { RawDevice } from '../kernel/raw-device.js'
import type { Backing, BackingSource } from '../mapping/memory/backing.js'

/** The memory of a device. */
export class DeviceBacking implements Backing {
  readonly shared: boolean
  readonly decommits = 'leave'
  readonly #raw: RawDevice
  readonly #name: string
  readonly #offset: number

  private constructor(raw: RawDevice, name: string, offset: number, shared: boolean) {
    this.#raw = raw
    this.#name = name
    this.#offset = offset
    this.shared = shared
  }

  /** `name` is the driver's, for people. */
  static source(raw: RawDevice, name: string): BackingSource {
    return {
      name: 'device',
      size: raw.size === Infinity ? undefined : raw.size,
      pageSize: undefined,
      map: ({ address, length, protection, flags, offset }) => raw.map(address, length, protection, flags, offset),
      backing: (offset, shared) => new DeviceBacking(raw, name, offset, shared),
      [Symbol.dispose]: () => {},
    }
  }

  from(bytes: number): DeviceBacking {
    return new DeviceBacking(this.#raw, this.#name, this.#offset + bytes, this.shared)
  }

  /** The device decides. The kernel's areas can't, because pages that the driver inserted are areas of their own. */
  continuesIn(next: Backing, size: number): boolean {
    return next instanceof DeviceBacking && next.#raw === this.#raw && next.#offset === this.#offset + size
  }

  flush(offset: number, length: number): Promise<void> {
    return this.#flushes ? this.#raw.flush(this.#offset + offset, length) : Promise.resolve()
  }

  flushNow(offset: number, length: number): void {
    if (this.#flushes) this.#raw.flushNow(this.#offset + offset, length)
  }

  /** Writes to a private map never reach the device. */
  get #flushes(): boolean {
    return this.shared && this.#raw.writesBack
  }

  explain(fault: FaultRecord): FaultRecord {
    return this.#raw.explain(fault)
  }

  /** The error of a driver's `mmap` hook explains itself. */
  whyNotAllowed(syscall: string): string | undefined {
    if (syscall === 'mmap') return undefined
    return 'the device, or its driver, has taken the right to this permission away for good'
  }

  describe(): string {
    return `device '${this.#name}' at ${this.#offset}`
  }
}

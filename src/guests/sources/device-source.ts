import type { GuestHost } from '../../kernel/guest-host.js'
import { GuestSource, type OpenedSource, type SourceNeeds } from './guest-source.js'
import { retryingRead } from './retrying-read.js'

/** What guests share: a device, or a source on a thread of its own. */
export interface ReadableDevice {
  /** In bytes. */
  readonly size: number
  readonly identity?: string | undefined
  read(offset: number, target: Uint8Array): Promise<unknown>
  close(): Promise<void>
  /** As those of `GuestHost`, where another thread reads for the server thread. */
  openScript?(largest: number, atOnce: number): Promise<number>
  closeScript?(number: number): void
}

/** What a device's driver, or a thread, has: opened once for all guests that are served from it, and closed with the last. */
export class DeviceSource extends GuestSource {
  readonly #openDevice: () => Promise<ReadableDevice>
  readonly #identity: string | undefined
  #device: Promise<ReadableDevice> | undefined
  #users = 0

  constructor(openDevice: () => Promise<ReadableDevice>, identity?: string) {
    super()
    this.#openDevice = openDevice
    this.#identity = identity
  }

  async open(host: GuestHost, { largest, atOnce }: SourceNeeds): Promise<OpenedSource> {
    this.#users++
    this.#device ??= this.#openDevice()
    const opening = this.#device
    let device: ReadableDevice
    try {
      device = await opening
    } catch (error) {
      this.#users--
      if (this.#device === opening) this.#device = undefined
      throw error
    }
    const read = retryingRead(async (offset, target) => void (await device.read(offset, target)))
    const number = (await device.openScript?.(largest, atOnce)) ?? host.openScript(read, largest, atOnce)
    let closed = false
    return {
      size: device.size,
      identity: this.#identity ?? device.identity,
      segments: device.size === 0 ? [] : [{ kind: 'script', start: 0, end: device.size, at: 0, number }],
      read,
      close: async () => {
        if (closed) return
        closed = true
        if (device.closeScript === undefined) host.closeScript(number)
        else device.closeScript(number)
        if (--this.#users > 0) return
        this.#device = undefined
        await device.close()
      },
    }
  }
}

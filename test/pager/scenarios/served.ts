import { closeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { LinuxRegion } from '#vmarea/linux/regions/linux-region.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { kernel, page } from '../../userfaultfd/own-kernel.js'
import type { Seen, ServerData } from './server.js'

/** The first argument of every scenario: whether guard markers may be used. */
export const guardMarkers: boolean = process.argv[2] === 'markers'

export interface ServedOptions extends Partial<ServerData> {
  /** Of `MAP`. */
  readonly flags?: number
  /** Where to map it, so that there is room above. */
  readonly address?: bigint
  /** Pages of the file, where it is another number than that of the map. */
  readonly filePages?: number
}

/** A map of a memory file whose faults a Worker serves. */
export class Served {
  readonly region: LinuxRegion
  readonly descriptor: number
  worker: Worker
  id = -1
  markers = false
  error: Error | undefined
  readonly #answers: unknown[] = []
  readonly #waiting: ((answer: unknown) => void)[] = []

  private constructor(region: LinuxRegion, descriptor: number, worker: Worker) {
    this.region = region
    this.descriptor = descriptor
    this.worker = worker
    this.#listen()
  }

  static async open(pages: number, options: ServedOptions = {}): Promise<Served> {
    const {
      flags = MAP.SHARED,
      filePages = pages,
      protection = PROT.READ | PROT.WRITE,
      address = 0n,
      ...rest
    } = options
    const descriptor = kernel.files.memfdCreate('served', { sealable: false })
    kernel.files.ftruncate(descriptor, filePages * page)
    const region = kernel.regions.mapRegion(address, pages * page, PROT.NONE, flags, descriptor, 0, page) as LinuxRegion
    const workerData: ServerData = {
      descriptor,
      start: Number(region.start),
      length: pages * page,
      protection,
      guardMarkers,
      ...rest,
    }
    const served = new Served(region, descriptor, new Worker(new URL('./server.js', import.meta.url), { workerData }))
    const { id, markers } = (await served.next()) as { id: number; markers: boolean }
    served.id = id
    served.markers = markers
    region.protect(0, pages * page, protection, PROT.NONE)
    return served
  }

  /** Another Worker serves from now on. The one before must have ended. */
  async restart(): Promise<void> {
    const { start, descriptor, region } = this
    const protection = PROT.READ | PROT.WRITE
    const workerData: ServerData = { descriptor, start, length: region.length, protection, guardMarkers }
    this.worker = new Worker(new URL('./server.js', import.meta.url), { workerData })
    this.#listen()
    await this.next()
  }

  #listen(): void {
    this.worker.on('error', (error) => {
      this.error = error as Error
    })
    this.worker.on('message', (answer) => {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#answers.push(answer)
      else waiting(answer)
    })
  }

  get start(): number {
    return Number(this.region.start)
  }

  /** All of it, as bytes. */
  bytes(): Uint8Array {
    return new Uint8Array(this.region.view(0, this.region.length))
  }

  /** Calls a method of the source on the server's thread. */
  call(method: string, ...args: unknown[]): Promise<unknown> {
    this.worker.postMessage({ method, args })
    return this.next()
  }

  /** The faults that the server has taken since this was last asked. */
  async seen(): Promise<Seen[]> {
    return (await this.call('seen')) as Seen[]
  }

  /** Ends the server by itself. Returns how many faults it has served. */
  async stop(): Promise<number> {
    const exit = new Promise((resolve) => this.worker.once('exit', resolve))
    this.worker.postMessage({ method: 'stop', args: [] })
    const { served } = (await this.next()) as { served: number }
    await exit
    closeSync(this.descriptor)
    return served
  }

  next(): Promise<unknown> {
    if (this.#answers.length > 0) return Promise.resolve(this.#answers.shift())
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

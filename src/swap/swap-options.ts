import type { PageStoreDefinition } from '../stores/page-store-definition.js'
import type { PageStoreDescription } from '../stores/page-store-description.js'
import type { FaultSourceName } from '../vocabulary/fault-source-name.js'

/** Where and how memory is swapped. */
export interface SwapOptions<StoreOptions = unknown> {
  /**
   * Where pages are kept: what `fileStore()`, `memoryStore()` or one of their sisters returned, or the URL of a module whose default export
   * `definePageStore` made. On a modelled kernel also the definition itself.
   */
  readonly store: PageStoreDescription | PageStoreDefinition<StoreOptions> | string | URL
  /** What the store's function gets, where `store` is a module or a definition: anything that can be cloned. */
  readonly storeOptions?: StoreOptions
  /**
   * How many bytes of the memory may be in RAM, staged pages and those being written included. With it, pages leave and come back all the
   * time; without it, the swap begins in the state `ready` and does what its commands say. While threads write, the limit may be exceeded by
   * 2 MiB. Default: no limit.
   */
  readonly residentLimit?: number
  /** Pages begin to leave above this part of `residentLimit`. From 0 to 1. Default: 0.95. */
  readonly highWater?: number
  /** Pages leave until no more than this part of `residentLimit` is in RAM. From 0 to `highWater`. Default: 0.9. */
  readonly lowWater?: number
  /** How long the store may take for one answer, in milliseconds. Default: 30 000. */
  readonly timeout?: number
  /** How faults are taken: see `FaultSourceName`. Default: the best that the machine allows. */
  readonly source?: FaultSourceName
  /**
   * The path of a control socket, at which `vmarea swap` gives the commands: see `docs/swap.md`. Its mode is 0600, and only this user and root
   * are answered. It must not exist, unless it is a socket at which no process listens; `exit()` removes it. A path that begins with `@` is
   * an abstract name. On Linux alone.
   */
  readonly control?: string
  /** Ends the opening. */
  readonly signal?: AbortSignal
}

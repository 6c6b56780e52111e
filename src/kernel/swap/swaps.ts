import type { FaultSourceName } from '../../vocabulary/fault-source-name.js'
import type { Region } from '../region.js'
import type { RawSwap } from './raw-swap.js'

/** How a kernel opens swaps. */
export interface Swaps {
  /**
   * Swaps parts of regions. The parts are apart, of pages of the kernel's own size, and may be written. Rejects with
   * what the store's module or its setup threw, and nothing has changed then.
   */
  open(parts: readonly SwapPart[], options: RawSwapOptions): Promise<RawSwap>
}

/** A part of a region: whole pages. */
export interface SwapPart {
  readonly region: Region
  /** In bytes, of the region. */
  readonly offset: number
  readonly length: number
  /** Names the file of shared memory. Without it, the memory is private and has no file. */
  readonly file?: string
}

/** Checked options of a swap, all with a value. */
export interface RawSwapOptions {
  /** A store that is not open yet: `module` is the URL of its module, or its definition where the kernel can call that. */
  readonly store: { readonly module: string | object; readonly options: unknown }
  /** How long the store may take for one answer, in milliseconds. */
  readonly timeout: number
  /** Bytes; `Infinity` for no budget. */
  readonly residentLimit: number
  /** Parts of the budget: eviction begins above the high one and goes on down to the low one. */
  readonly lowWater: number
  readonly highWater: number
  /** The source of faults; `undefined` for the best that the machine allows. */
  readonly source: FaultSourceName | undefined
  /** The path of the control socket. */
  readonly control: string | undefined
  readonly signal: AbortSignal | undefined
}

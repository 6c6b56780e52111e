import { type OptionBits, optionBits } from '../vocabulary/options/option-bits.js'
import { UFFD_RESOLVE_MODE } from '../vocabulary/uffd-resolve-mode.js'
import { checks } from './checks.js'
import type { HeldUserfaultfd } from './held-userfaultfd.js'
import type { UffdAddress } from './uffd-address.js'

/** How a page is installed. */
export interface InstallOptions {
  /** Wakes the threads that wait for the page. @defaultValue true */
  readonly wake?: boolean
  /** The page is write-protected from the start, with no moment in between. Requires a range that is registered for `wp`. */
  readonly writeProtect?: boolean
}

/** How pages are moved. */
export interface MoveOptions {
  /** Wakes the threads that wait for the pages. @defaultValue true */
  readonly wake?: boolean
  /** Passes over pages that the source does not have. */
  readonly allowSourceHoles?: boolean
  /** Allows a source that this library did not map. The process may end. */
  readonly foreign?: boolean
}

/** No mode of the kernel. */
const FOREIGN = 2 ** 30

const { DONTWAKE, WP, ALLOW_SRC_HOLES } = UFFD_RESOLVE_MODE
const installBits: OptionBits<InstallOptions> = { wake: DONTWAKE, writeProtect: WP }
const moveBits: OptionBits<MoveOptions> = { wake: DONTWAKE, allowSourceHoles: ALLOW_SRC_HOLES, foreign: FOREIGN }

/** The mode bits of `UFFDIO_COPY` and `UFFDIO_CONTINUE`, whose values are equal. `call` is shown in messages. */
export function installMode(given: boolean | InstallOptions, call: string): number {
  if (typeof given === 'boolean') return given ? 0 : DONTWAKE
  return optionBits(call, given, installBits)
}

/** The mode bits of a call that only has `wake`. */
export function wakeMode(wake: boolean, call: string): number {
  checks.flag(call, 'wake', wake)
  return wake ? 0 : DONTWAKE
}

/** The mode bits of `UFFDIO_WRITEPROTECT`. */
export function protectMode(protect: boolean, wake: boolean): number {
  if (typeof protect !== 'boolean' || typeof wake !== 'boolean') {
    checks.flag('writeProtect()', 'protect', protect)
    checks.flag('writeProtect()', 'wake', wake)
  }
  return protect ? UFFD_RESOLVE_MODE.WRITEPROTECT_WP : wake ? 0 : UFFD_RESOLVE_MODE.WRITEPROTECT_DONTWAKE
}

/** The mode bits of `UFFDIO_MOVE`. Throws `ERR_VMAREA_FOREIGN_MEMORY` for a source that it may not move. */
export function moveMode(
  held: HeldUserfaultfd,
  destination: UffdAddress,
  source: UffdAddress,
  length: number,
  options: MoveOptions,
): number {
  const areNumbers = typeof destination === 'number' && typeof source === 'number' && typeof length === 'number'
  if (!areNumbers) checks.move(destination, source, length)
  const bits = optionBits('move()', options, moveBits)
  if ((bits & FOREIGN) === 0) held.refuseForeign(source, length)
  return bits & ~FOREIGN
}

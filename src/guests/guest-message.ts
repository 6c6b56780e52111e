import type { Guest } from './guest.js'

/** What happened to a guest, or to a monitor that was refused. */
export type GuestChange = 'accepted' | 'taken-over' | 'refused' | 'served' | 'page-failed' | 'ended'

/** A message on the channel `vmarea:guest`. */
export interface GuestMessage {
  /** What happened. */
  readonly change: GuestChange
  /** The process number of the monitor. */
  readonly pid: number
  /** `undefined` for a monitor that was refused. */
  readonly guest: Guest | undefined
  /** Why it was refused, why the page could not be read, or why serving did not begin. */
  readonly cause: unknown
}

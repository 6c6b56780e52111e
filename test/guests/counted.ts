import type { Guest, GuestStatistics } from '#vmarea/guests.js'
import { until } from '../support/until.js'

/** Waits until a guest has these counts: a thread may be woken a moment before its page is counted. */
export async function counted(guest: Guest, expected: Partial<GuestStatistics>): Promise<void> {
  const names = Object.keys(expected) as (keyof GuestStatistics)[]
  await until(
    () => JSON.stringify(guest.statistics),
    () => names.every((name) => guest.statistics[name] === expected[name]),
  )
}

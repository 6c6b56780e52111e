import { hex } from '../../vocabulary/hex.js'
import type { Outcome } from './outcome.js'

export const WAITS: Outcome = { kind: 'waits', text: 'the thread waits for the userfaultfd' }
export const RUNS: Outcome = { kind: 'done', text: 'runs' }
export const WRITTEN: Outcome = { kind: 'done', text: 'written' }

/** What a read gave. */
export function byteOutcome(byte: number): Outcome {
  return { kind: 'value', text: `0x${byte.toString(16).padStart(2, '0')}`, value: byte }
}

/** The signal that an access ended with. */
export function signalOutcome(signal: string, address: bigint): Outcome {
  return { kind: 'signal', text: `${signal} at ${hex(address)}` }
}

import { readFileSync } from 'node:fs'

/** Whether this process holds a capability, by the effective set in /proc/self/status. `false` where that can't be read. */
export function hasCapability(number: number): boolean {
  try {
    const set = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
    return set !== undefined && ((BigInt(`0x${set}`) >> BigInt(number)) & 1n) === 1n
  } catch {
    return false
  }
}

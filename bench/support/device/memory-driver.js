// A driver that fills its pages from memory: at once, or after a wait.
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineDevice } from '../../../dist/index.js'

const SOURCE = 2 ** 20

export function fillFromMemory() {
  // As long as the longest run more, so that no run wraps.
  const source = new Uint8Array(2 * SOURCE).fill(7)
  return ({ offset, bytes }) => {
    const from = offset % SOURCE
    bytes.set(source.subarray(from, from + bytes.length))
  }
}

export default defineDevice(({ size, floor, cpu, wait }) => {
  if (cpu !== undefined) createRequire(import.meta.url)(floor).pin(cpu)
  const fill = fillFromMemory()
  if (wait === undefined) return { size, fault: fill }
  return {
    size,
    async fault(fault) {
      await sleep(wait)
      fill(fault)
    },
  }
})

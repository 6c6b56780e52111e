const factor = Number(process.env.VMAREA_TIME_FACTOR ?? 1)
if (!(factor > 0))
  throw new Error(`VMAREA_TIME_FACTOR is ${process.env.VMAREA_TIME_FACTOR}: it must be a number above 0`)

/**
 * Milliseconds that a test waits for what must come, longer on a slow machine: `VMAREA_TIME_FACTOR=10` where each instruction is emulated.
 * For limits that only a failure reaches. Never for a time that a test measures.
 */
export function patient(milliseconds: number): number {
  return milliseconds * factor
}

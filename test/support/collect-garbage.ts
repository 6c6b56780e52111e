import { patient } from './patient.js'

/** Collects garbage and lets finalizers run, `rounds` times. Wants --expose-gc. */
export async function collectGarbage(rounds = 6): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    globalThis.gc!()
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Collects garbage until `done` or the time is up; answers whether it was done. */
export async function collectGarbageUntil(done: () => boolean, milliseconds = patient(60_000)): Promise<boolean> {
  const end = Date.now() + milliseconds
  while (!done()) {
    if (Date.now() > end) return false
    await collectGarbage(1)
  }
  return true
}

/** The seed of this run's random sequences: `VMAREA_SEED=n` repeats a run. */
export const seed = Number(process.env.VMAREA_SEED ?? Math.floor(Math.random() * 2 ** 31))
console.log(`VMAREA_SEED=${seed}`)

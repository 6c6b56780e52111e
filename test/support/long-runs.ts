/** Whether random runs and repetitions take as long as in `.ci/run`: `npm test -- --long`. */
export const longRuns = process.env.VMAREA_LONG === 'on'

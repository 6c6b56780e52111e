/** How much slower than usual the machine is: `VMAREA_TIME_FACTOR=10` where each instruction is emulated. */
export const timeFactor = Number(process.env.VMAREA_TIME_FACTOR ?? 1)
if (!(timeFactor > 0))
  throw new Error(`VMAREA_TIME_FACTOR is ${process.env.VMAREA_TIME_FACTOR}: it must be a number above 0`)

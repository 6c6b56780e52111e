/** `MLOCK_*` of mlock2(2) and `MCL_*` of mlockall(2). */
export const MLOCK = { ONFAULT: 1, MCL_CURRENT: 1, MCL_FUTURE: 2, MCL_ONFAULT: 4 } as const

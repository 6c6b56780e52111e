/** What an access does, as a number: the order of `FaultAccess`. */
export const ACCESS = { READ: 0, WRITE: 1, EXECUTE: 2 } as const

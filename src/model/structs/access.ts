/** The kind of an access as a number, in the order of `FaultAccess`. */
export const ACCESS = { READ: 0, WRITE: 1, EXECUTE: 2 } as const

/** `MS_*` of msync(2). */
export const MS = { ASYNC: 1, INVALIDATE: 2, SYNC: 4 } as const

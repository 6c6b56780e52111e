/** `F_SEAL_*` of fcntl(2). */
export const SEAL = {
  SEAL: 0x01,
  SHRINK: 0x02,
  GROW: 0x04,
  WRITE: 0x08,
  FUTURE_WRITE: 0x10,
  EXEC: 0x20,
} as const

/** The name of a seal: `future-write` lets the maps that stand write on. */
export type Seal = 'seal' | 'shrink' | 'grow' | 'write' | 'future-write' | 'exec'

import { ERRNO, type ErrnoName } from './errno.js'

const names = new Map<number, ErrnoName>(
  Object.entries(ERRNO).map(([name, [number]]) => [number, name as ErrnoName] as const),
)

/** The name of the (positive) error number, or `E` and the number where the table has none. */
export function errnoName(errno: number): ErrnoName | `E${number}` {
  return names.get(errno) ?? `E${errno}`
}

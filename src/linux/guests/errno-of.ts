/** The negative error number of a system's error, Node's or ours; `undefined` of another one. */
export function errnoOf(error: unknown): number | undefined {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' && Number.isInteger(errno) && errno < 0 && errno > -4096 ? errno : undefined
}

/** Milliseconds that `work` takes once. */
export function milliseconds(work) {
  const started = performance.now()
  work()
  return performance.now() - started
}

/**
 * Measures two functions in turn, A B A B …, so that a drift of the machine's speed affects both.
 * Each returns its own figure. Returns the medians, and the median of the ratios of the pairs.
 */
export async function paired(measure, floor, rounds = 9) {
  await measure()
  await floor()
  const pairs = []
  for (let round = 0; round < rounds; round++) pairs.push([await measure(), await floor()])
  return {
    measured: median(pairs.map(([measured]) => measured)),
    floor: median(pairs.map(([, floor]) => floor)),
    ratio: median(pairs.map(([measured, floor]) => measured / floor)),
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** Nanoseconds a call of `work`, over `count` calls. */
export function nanoseconds(count, work) {
  const started = process.hrtime.bigint()
  for (let index = 0; index < count; index++) work(index)
  return Number(process.hrtime.bigint() - started) / count
}

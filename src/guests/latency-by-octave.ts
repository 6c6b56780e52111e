const OCTAVES = 32

/** Counts of faults by time, four buckets an octave of nanoseconds, as octaves of microseconds: entry `i` is below 2^i. @internal */
export function latencyByOctave(buckets: Float64Array): number[] {
  const octaves = new Array<number>(OCTAVES).fill(0)
  for (const [bucket, count] of buckets.entries()) {
    const end = 2 ** Math.floor(bucket / 4) * (1 + ((bucket % 4) + 1) / 4)
    octaves[Math.min(OCTAVES - 1, Math.max(0, Math.ceil(Math.log2(end / 1000))))]! += count
  }
  return octaves
}

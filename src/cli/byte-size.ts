const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'] as const

/** Bytes for people: `132K`, `1.5M`, `2G`, in powers of 1024, at most five columns. Zero is blank. */
export function byteSize(bytes: number): string {
  if (bytes === 0) return ''
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = value < 9.95 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value))
  return `${digits}${UNITS[unit]}`
}

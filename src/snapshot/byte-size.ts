const UNITS = ['B', 'K', 'M', 'G', 'T', 'P', 'E'] as const

/** Bytes for people, in powers of 1024: `132K`, `1.5M`, `128T`; `0` is zero and a dash is what is not known. */
export function byteSize(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–'
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  if (value === 0) return '0'
  const digits = Math.abs(value) < 9.95 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value))
  return `${digits}${UNITS[unit]}`
}

import type { PagerReport } from '../data/pager-report.js'

const COUNTS = [
  'time',
  'faults',
  'waiting',
  'failures',
  'residentBytes',
  'requests',
  'bytesRead',
  'evictedBytes',
] as const
const MAYBE = ['residentLimit', 'hits', 'writtenBytes', 'dirtyBytes'] as const
const MOST = 1000

/** The reports in a line that another program sent: those that are whole, with nothing in them but what the page draws. */
export function readPagerReports(line: string): PagerReport[] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return []
  }
  return Array.isArray(value) ? value.slice(0, MOST).flatMap(reportOf) : []
}

function reportOf(value: unknown): PagerReport[] {
  if (typeof value !== 'object' || value === null) return []
  const given = value as Record<string, unknown>
  const { kind, name, latency, evictionOrder } = given
  if (kind !== 'device' && kind !== 'swap' && kind !== 'guest') return []
  if (typeof name !== 'string' || !COUNTS.every((field) => isCount(given[field]))) return []
  if (!Array.isArray(latency) || latency.length > 64 || !latency.every(isCount)) return []
  const isOrder =
    Array.isArray(evictionOrder) &&
    evictionOrder.length <= 10_000 &&
    evictionOrder.every((range) => Array.isArray(range) && range.length === 2 && range.every(isCount))
  return [
    {
      kind,
      name: name.slice(0, 1000),
      ...(Object.fromEntries(COUNTS.map((field) => [field, given[field]])) as Record<(typeof COUNTS)[number], number>),
      ...(Object.fromEntries(MAYBE.map((field) => [field, isCount(given[field]) ? given[field] : null])) as Record<
        (typeof MAYBE)[number],
        number | null
      >),
      latency,
      evictionOrder: isOrder ? (evictionOrder as [number, number][]) : null,
    },
  ]
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import type { NamedReport } from '../data/named-report.js'

const COUNTS = ['time', 'faults', 'failures', 'residentBytes', 'requests', 'bytesRead', 'evictedBytes'] as const
const MAYBE = ['waiting', 'residentLimit', 'hits', 'writtenBytes', 'stagedBytes'] as const
const MOST_REPORTS = 1000
const LONGEST_NAME = 500
const MOST_BUCKETS = 64
const MOST_NEXT = 16

/** The reports in a line that another program sent: those that are whole, with nothing in them but what the page draws. */
export function readPagerReports(line: string): NamedReport[] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return []
  }
  return Array.isArray(value) ? value.slice(0, MOST_REPORTS).flatMap(reportOf) : []
}

function reportOf(value: unknown): NamedReport[] {
  if (typeof value !== 'object' || value === null) return []
  const given = value as Record<string, unknown>
  const { kind, state, name, latency } = given
  if (kind !== 'device' && kind !== 'swap' && kind !== 'guest') return []
  if (state !== 'serving' && state !== 'dead' && state !== 'ended') return []
  if (typeof name !== 'string' || !COUNTS.every((field) => isCount(given[field]))) return []
  if (!MAYBE.every((field) => given[field] === null || isCount(given[field]))) return []
  if (!Array.isArray(latency) || latency.length > MOST_BUCKETS || !latency.every(isCount)) return []
  const eviction = orderOf(given.eviction)
  if (eviction === undefined) return []
  const numbers = [...COUNTS, ...MAYBE].map((field) => [field, given[field]])
  return [{ ...Object.fromEntries(numbers), kind, state, name: name.slice(0, LONGEST_NAME), latency, eviction }]
}

/** `null` as well where an older vmarea says nothing of it; `undefined` where it is no order. */
function orderOf(value: unknown): EvictionOrder | null | undefined {
  if (value === undefined || value === null) return null
  if (typeof value !== 'object') return undefined
  const { by, next, candidates, others, hand, round } = value as Record<string, unknown>
  if (by !== 'age' && by !== 'clock') return undefined
  if (!Array.isArray(next) || next.length > MOST_NEXT || !next.every(isCount)) return undefined
  if (!isCount(candidates) || !isCount(others)) return undefined
  if (by === 'age') return { by, next, candidates, others, hand: null, round: null }
  return isCount(hand) && isCount(round) && hand <= round ? { by, next, candidates, others, hand, round } : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

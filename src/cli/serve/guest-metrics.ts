import type { FaultLatency, FaultOutcome, Guest, GuestStatistics } from '../../guests.js'

const OUTCOMES: readonly FaultOutcome[] = ['missing', 'removed', 'prefetched', 'raced', 'retried', 'failed']
const PAGES = ['filled', 'zeroed', 'prefetched', 'raced', 'retried', 'failed'] as const

/** The counters of a handler's guests in Prometheus' text format: sums over the guests that live and those that have ended, and gauges a guest. */
export class GuestMetrics {
  readonly #open = new Set<Guest>()
  readonly #ended: GuestStatistics[] = []
  #endedCount = 0

  add(guest: Guest): void {
    this.#open.add(guest)
    void guest.closed.then(({ statistics }) => {
      this.#open.delete(guest)
      this.#endedCount++
      this.#ended.push(statistics)
      if (this.#ended.length > 1) this.#ended.splice(0, 2, sumOf(this.#ended))
    })
  }

  text(): string {
    const open = [...this.#open].map((guest) => ({ guest, statistics: guest.statistics }))
    const all = [...this.#ended, ...open.map(({ statistics }) => statistics)]
    const total = all.length === 0 ? undefined : sumOf(all)
    const ofGuests = (name: string, help: string, value: (guest: Guest, statistics: GuestStatistics) => number) =>
      metric(
        name,
        'gauge',
        help,
        open.map(({ guest, statistics }) => `${name}{pid="${guest.pid}"} ${value(guest, statistics)}`),
      )
    return [
      ...metric('vmarea_guests', 'gauge', 'Guests whose monitor lives.', [`vmarea_guests ${open.length}`]),
      ...metric('vmarea_guests_ended_total', 'counter', 'Guests that have ended.', [
        `vmarea_guests_ended_total ${this.#endedCount}`,
      ]),
      ...metric(
        'vmarea_guest_pages_total',
        'counter',
        'Pages by how their answer came out.',
        PAGES.map((outcome) => `vmarea_guest_pages_total{outcome="${outcome}"} ${total?.[outcome] ?? 0}`),
      ),
      ...metric('vmarea_guest_removals_total', 'counter', 'Times that guests gave pages back.', [
        `vmarea_guest_removals_total ${total?.removals ?? 0}`,
      ]),
      ...metric(
        'vmarea_guest_answer_seconds',
        'histogram',
        'Times of answers: of a fault from its reading to the answer.',
        OUTCOMES.flatMap((outcome) => histogram(outcome, total?.outcomes[outcome])),
      ),
      ...ofGuests('vmarea_guest_memory_bytes', 'Memory of a guest.', ({ pageSize }, { pages }) => pages * pageSize),
      ...ofGuests(
        'vmarea_guest_resident_bytes',
        'Memory of a guest that is there.',
        ({ pageSize }, { resident }) => resident * pageSize,
      ),
      ...ofGuests(
        'vmarea_guest_removed_bytes',
        'Memory that a guest gave back.',
        ({ pageSize }, { removed }) => removed * pageSize,
      ),
      '',
    ].join('\n')
  }
}

function metric(name: string, type: 'counter' | 'gauge' | 'histogram', help: string, samples: string[]): string[] {
  return samples.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples]
}

function histogram(outcome: FaultOutcome, latency: FaultLatency | undefined): string[] {
  const name = 'vmarea_guest_answer_seconds'
  const octaves = latency?.octaves ?? []
  // From 1 microsecond to 34 seconds.
  const buckets = Array.from({ length: 26 }, (_, octave) =>
    octaves.slice(0, octave + 1).reduce((sum, one) => sum + one, 0),
  )
  return [
    ...buckets.map((count, octave) => `${name}_bucket{outcome="${outcome}",le="${2 ** octave / 1e6}"} ${count}`),
    `${name}_bucket{outcome="${outcome}",le="+Inf"} ${latency?.count ?? 0}`,
    `${name}_sum{outcome="${outcome}"} ${(latency?.sum ?? 0) / 1e6}`,
    `${name}_count{outcome="${outcome}"} ${latency?.count ?? 0}`,
  ]
}

/** Percentiles can't be added, and are those of none. */
function sumOf(all: readonly GuestStatistics[]): GuestStatistics {
  return all.reduce((one, other) => sumOfTwo(one, other))
}

function sumOfTwo<Counts extends object>(one: Counts, other: Counts): Counts {
  const entries = Object.entries(one).map(([name, value]) => {
    const second = (other as Record<string, unknown>)[name]
    if (typeof value === 'number') return [name, value + (second as number)]
    if (Array.isArray(value)) return [name, value.map((count: number, index) => count + (second as number[])[index]!)]
    return [name, sumOfTwo(value as object, second as object)]
  })
  return Object.fromEntries(entries) as Counts
}

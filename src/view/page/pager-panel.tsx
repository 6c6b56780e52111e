import { byteSize } from '../../snapshot/byte-size.js'
import type { PagerReport } from '../data/pager-report.js'
import { shownName } from '../data/shown-name.js'
import { type Store, useStore } from './store.js'

/** What the pagers of the program say of themselves. */
export function PagerPanel({ store }: { store: Store }) {
  const { pagers, boot } = useStore(store)
  if (pagers.length === 0) {
    return (
      <p class="empty">
        {boot.source === 'live'
          ? 'The program offers no channel for its pagers, or has no device, swap or guest open.'
          : 'What pagers do is told by a running program alone.'}
      </p>
    )
  }
  return (
    <div class="pagers">
      {pagers.map((pager) => (
        <Pager key={`${pager.kind} ${pager.name}`} pager={pager} />
      ))}
    </div>
  )
}

function Pager({ pager }: { pager: PagerReport }) {
  const { kind, name, residentBytes, residentLimit, latency, faults, hits, evictionOrder } = pager
  const facts: [string, string][] = [
    ['faults', String(faults)],
    ['waiting now', String(pager.waiting)],
    ['asked of the driver', `${pager.requests} times, ${byteSize(pager.bytesRead)}`],
    [
      'answered without asking',
      hits === null ? '–' : `${hits}${faults > 0 ? ` (${Math.round((100 * hits) / faults)} %)` : ''}`,
    ],
    ['evicted', byteSize(pager.evictedBytes)],
    ['written back', byteSize(pager.writtenBytes)],
    ['dirty', byteSize(pager.dirtyBytes)],
    ['failures', String(pager.failures)],
  ]
  return (
    <section class="pager">
      <h3>
        {kind} <bdi>{shownName(name)}</bdi>
      </h3>
      <p>
        {byteSize(residentBytes)} in memory
        {residentLimit === null ? ', without a limit' : ` of ${byteSize(residentLimit)}`}
      </p>
      {residentLimit === null ? null : (
        <meter min={0} max={residentLimit} value={residentBytes} aria-label="Resident budget" />
      )}
      <dl class="usage">
        {facts.map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Latency counts={latency} />
      <p class="note">
        {evictionOrder === null
          ? 'It does not tell its order of eviction.'
          : `Next to be evicted: ${
              evictionOrder
                .slice(0, 6)
                .map(([from, to]) => `${from.toString(16)}-${to.toString(16)}`)
                .join(', ') || 'nothing'
            }.`}
      </p>
    </section>
  )
}

/** How long faults waited, a bar a power of two. */
function Latency({ counts }: { counts: readonly number[] }) {
  const most = Math.max(...counts, 0)
  if (most === 0) return <p class="note">No fault has waited yet.</p>
  const first = counts.findIndex((count) => count > 0)
  const last = counts.findLastIndex((count) => count > 0)
  return (
    <table class="latency">
      <caption>How long faults waited</caption>
      <tbody>
        {counts.slice(first, last + 1).map((count, at) => (
          <tr key={first + at}>
            <th scope="row">&lt; {microseconds(2 ** (first + at))}</th>
            <td>
              <span class="latency-bar" style={{ width: `${(100 * count) / most}%` }} />
            </td>
            <td>{count}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function microseconds(value: number): string {
  if (value < 1000) return `${value} µs`
  return value < 1_000_000 ? `${Math.round(value / 1000)} ms` : `${Math.round(value / 1_000_000)} s`
}

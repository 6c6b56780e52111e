import { byteSize } from '../../snapshot/byte-size.js'
import type { NamedReport } from '../data/named-report.js'
import { shownName } from '../data/shown-name.js'
import { OrderOfEviction } from './order-of-eviction.js'
import { type Store, useStore } from './store.js'

/** What the devices, swaps and guests of the program say of themselves. */
export function PagerPanel({ store }: { store: Store }) {
  const { pagers, boot, connection } = useStore(store)
  if (boot.source !== 'live') {
    return <p class="unknown">A file has no statistics of devices, swaps and guests: a running program tells them.</p>
  }
  if (pagers.length === 0 && connection === 'ended') {
    return <p class="unknown">The process has ended: nothing tells its statistics any more.</p>
  }
  if (pagers.length === 0) {
    return (
      <p class="unknown">
        The program offers no statistics of devices, swaps or guests. It offers them with <code>offerStatistics()</code>
        .
      </p>
    )
  }
  return (
    <div class="pagers">
      {connection === 'open' ? null : (
        <p class="unknown">The connection is closed. These are the last statistics received.</p>
      )}
      {pagers.map((pager) => (
        <Pager key={pager.name} pager={pager} />
      ))}
    </div>
  )
}

function Pager({ pager }: { pager: NamedReport }) {
  const { kind, name, state, residentBytes, residentLimit, latency } = pager
  const budget = residentLimit === null ? ', without a limit' : ` of ${byteSize(residentLimit)}`
  return (
    <section class="pager" aria-label={`${kind} ${shownName(name)}`}>
      <h3>
        {kind} <bdi>{shownName(name)}</bdi> <span class={`state ${state}`}>{state}</span>
      </h3>
      <p>
        <b>{byteSize(residentBytes)}</b> in memory{budget}
      </p>
      {residentLimit === null ? null : (
        <meter min={0} max={residentLimit} value={residentBytes} aria-label="Resident budget" />
      )}
      <dl class="usage">
        {factsOf(pager).map(([title, value, meaning]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>
              <b>{value}</b> {meaning}
            </dd>
          </div>
        ))}
      </dl>
      <OrderOfEviction pager={pager} />
      <Latency counts={latency} />
    </section>
  )
}

function factsOf(pager: NamedReport): [title: string, value: string, meaning: string][] {
  const { faults, waiting, hits, requests, bytesRead, evictedBytes, writtenBytes, stagedBytes, failures } = pager
  const behind = { device: 'driver', swap: 'store', guest: 'source' }[pager.kind]
  const evicted = { device: 'dropped to keep the budget', swap: 'moved out', guest: 'given back by the guest' }
  return [
    ['queue', count(waiting), 'faults that wait for an answer now'],
    ['faults', count(faults), 'taken so far'],
    ['hits', count(hits), `answered without a question to the ${behind}`],
    ['misses', count(requests), `asked of the ${behind}, which gave ${byteSize(bytesRead)}`],
    ['evictions', byteSize(evictedBytes), evicted[pager.kind]],
    ['written', byteSize(writtenBytes), 'to the store'],
    ['staged', byteSize(stagedBytes), 'waiting to be written'],
    ['failures', count(failures), 'answers that did not come'],
  ]
}

/** How long faults waited, a bar for each power of two. */
function Latency({ counts }: { counts: readonly number[] }) {
  const most = Math.max(...counts, 0)
  if (most === 0) return <p class="note">No fault was answered yet.</p>
  const first = counts.findIndex((inIt) => inIt > 0)
  const last = counts.findLastIndex((inIt) => inIt > 0)
  return (
    <table class="latency">
      <caption>How long faults waited</caption>
      <tbody>
        {counts.slice(first, last + 1).map((inIt, at) => (
          <tr key={first + at}>
            <th scope="row">
              {first + at === counts.length - 1
                ? `≥ ${duration(2 ** (first + at - 1))}`
                : `< ${duration(2 ** (first + at))}`}
            </th>
            <td>
              <span class="latency-bar" style={{ width: `${(100 * inIt) / most}%` }} />
            </td>
            <td>{inIt}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function count(value: number | null): string {
  return value === null ? '–' : String(value)
}

/** Microseconds, for people. */
function duration(value: number): string {
  if (value < 1000) return `${value} µs`
  return value < 1_000_000 ? `${Math.round(value / 1000)} ms` : `${Math.round(value / 1_000_000)} s`
}

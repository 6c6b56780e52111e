import { shownName } from '../data/shown-name.js'
import { type Store, useStore } from './store.js'

/** What is known of how true the page is: when it was looked, what that costs, and what is missing. */
export function HonestyStrip({ store }: { store: Store }) {
  const { header, kind, cost, connection, ending, refusals, warnings, dropped, timeline } = useStore(store)
  if (header === undefined) return null
  const facts = [
    `${timeline?.latest.length ?? 0} areas`,
    `pages of ${header.pageSize / 1024} K`,
    `Linux ${shownName(header.kernel)}`,
  ]
  if (kind !== 'live') facts.push(`taken ${new Date(header.time).toISOString()}`)
  if (cost !== undefined && connection === 'open') {
    facts.push(
      `looks at the list every ${Math.round(cost.layoutEvery)} ms (${cost.layout.toFixed(1)} ms each)`,
      `at usage every ${Math.round(cost.usageEvery)} ms (${cost.usage === null ? '–' : cost.usage.toFixed(1)} ms)`,
      `${cost.processor.toFixed(1)} % of a processor`,
      'what comes and goes between two looks is not seen',
    )
  }
  const doubts = [
    ...(connection === 'lost' ? ['The connection is lost: this is the last that was seen. It is tried again.'] : []),
    ...(connection === 'ended' ? [`${ending}: this is the last that was seen.`] : []),
    ...(dropped > 0
      ? [
          `${dropped} messages were dropped, for this page read too slowly: what changed meanwhile was not seen one by one.`,
        ]
      : []),
    ...((timeline?.dropped ?? 0) > 0 ? [`The oldest ${timeline!.dropped} looks were dropped.`] : []),
    ...refusals.map(({ what, reason }) => `Not permitted: ${what} (${reason}). They are unknown, not zero.`),
    ...warnings,
  ]
  return (
    <footer class="strip">
      <p>{facts.join(' · ')}</p>
      {doubts.length === 0 ? null : (
        <ul aria-label="Doubts">
          {doubts.map((doubt) => (
            <li key={doubt}>{shownName(doubt)}</li>
          ))}
        </ul>
      )}
    </footer>
  )
}

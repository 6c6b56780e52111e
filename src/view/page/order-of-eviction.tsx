import type { NamedReport } from '../data/named-report.js'

/** Which pages of a device or swap leave memory next, with the hand of the clock; where there is no order, why. */
export function OrderOfEviction({ pager }: { pager: NamedReport }) {
  const { eviction } = pager
  return (
    <div class="order">
      <h4>Order of eviction</h4>
      {eviction === null ? <p class="unknown">{whyNone(pager)}</p> : <Order eviction={eviction} />}
    </div>
  )
}

function Order({ eviction }: { eviction: NonNullable<NamedReport['eviction']> }) {
  const { by, next, candidates, others, hand, round } = eviction
  return (
    <>
      {by === 'age' ? <p>By age: the page whose last use is longest ago leaves first.</p> : null}
      {hand === null || round === null ? null : (
        <>
          <p>
            By a clock: the hand stands at page <b>{hand}</b> of {round}. It goes round, and passes pages that were used
            since the last round.
          </p>
          <div class="clock" role="img" aria-label={`The hand of the clock: page ${hand} of ${round}`}>
            <span class="clock-hand" style={{ left: `${(100 * hand) / Math.max(round, 1)}%` }} />
          </div>
        </>
      )}
      <dl class="usage">
        <div>
          <dt>next</dt>
          <dd>
            {next.length === 0 ? 'no page is known that may leave' : <b>{runsOf(next)}</b>}
            {next.length === 0 ? '' : ', the first one first'}
          </dd>
        </div>
        <div>
          <dt>set aside</dt>
          <dd>
            <b>{candidates}</b> pages leave first, unless they are touched
          </dd>
        </div>
        <div>
          <dt>behind</dt>
          <dd>
            <b>{others}</b> pages in memory leave after those
          </dd>
        </div>
      </dl>
    </>
  )
}

function whyNone({ kind, state, residentLimit }: NamedReport): string {
  if (kind === 'guest') return 'None: the guest decides by itself which pages it gives back.'
  if (state === 'ended') return `None: the ${kind} has ended.`
  if (residentLimit === null) return 'None: without a budget no page is evicted.'
  if (state === 'dead') return 'Not known: the thread that serves has ended.'
  return 'Not known yet.'
}

/** Numbers of pages, with those that follow each other as one. */
function runsOf(pages: readonly number[]): string {
  const runs: [first: number, last: number][] = []
  for (const page of pages) {
    const run = runs.at(-1)
    if (run !== undefined && page === run[1] + 1) run[1] = page
    else runs.push([page, page])
  }
  const texts = runs.map(([first, last]) => (first === last ? String(first) : `${first} to ${last}`))
  return `${pages.length === 1 ? 'page' : 'pages'} ${texts.join(', ')}`
}

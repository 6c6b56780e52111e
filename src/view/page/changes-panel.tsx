import { useMemo } from 'preact/hooks'
import { byteSize } from '../../snapshot/byte-size.js'
import { changeText } from '../../snapshot/change-text.js'
import { type Change, changesBetween } from '../../snapshot/changes.js'
import { placeOf } from '../data/area-at.js'
import { differenceBetween } from '../data/difference.js'
import { pageOf } from '../data/page-of.js'
import { shownName } from '../data/shown-name.js'
import type { Step, Timeline } from '../data/timeline.js'
import type { ViewArea } from '../data/view-area.js'
import { type Store, useStore } from './store.js'

/** Changes that are listed: more of them say nothing to people. */
const MOST = 500
/** Looks whose changes are listed where nothing is compared. */
const STEPS = 6

/** What changed between the two moments that are compared; without a comparison, what has changed last. */
export function ChangesPanel({ store }: { store: Store }) {
  const { timeline, index, fromIndex, pageSize } = useStore(store)
  const areas = store.areas
  const compared = useMemo(
    () => (timeline === undefined || fromIndex === undefined ? undefined : between(timeline.at(fromIndex), areas)),
    [timeline, fromIndex, areas],
  )
  const recent = useMemo(
    () => (timeline === undefined || fromIndex !== undefined ? [] : lastChanges(timeline, index)),
    [timeline, fromIndex, index, timeline?.length],
  )
  const changes = compared ?? recent
  const layout = changes.filter(({ change }) => change !== 'resident' && change !== 'swapped').length
  const summary =
    fromIndex === undefined
      ? 'The last changes, the newest first. Set a beginning at the time line to compare two moments.'
      : `${changes.length} change${changes.length === 1 ? '' : 's'} between the two moments: ${layout} of the layout, ${changes.length - layout} of what is in memory.`
  return (
    <div class="changes">
      <p>{summary}</p>
      {changes.length === 0 ? <p class="empty">Nothing has changed.</p> : null}
      <ol aria-label="Changes">
        {changes.slice(0, MOST).map((change) => (
          <li
            key={`${change.change} ${change.start} ${change.end} ${change.before} ${change.after}`}
            class={change.change}
          >
            <button
              type="button"
              class="link"
              onClick={() => store.go({ at: Math.floor(pageOf(change.start, pageSize)) }, true)}
            >
              <b>{change.change}</b>{' '}
              <code>
                {change.start.slice(2)}-{change.end.slice(2)}
              </code>
            </button>{' '}
            {byteSize(Number(BigInt(change.end) - BigInt(change.start)))} {changeText(change, shownName)}{' '}
            <bdi>{shownName(change.path)}</bdi>
          </li>
        ))}
      </ol>
      {changes.length > MOST ? <p class="note">And {changes.length - MOST} more.</p> : null}
    </div>
  )
}

function between(before: readonly ViewArea[], after: readonly ViewArea[]): Change[] {
  const { gone, put } = differenceBetween(before, after)
  return changesOf(before, gone, put)
}

/** The changes of a difference: those of the areas that it names are all there are. */
function changesOf(before: readonly ViewArea[], gone: readonly number[], put: readonly ViewArea[]): Change[] {
  const touched = [...new Set([...gone, ...put.map(({ startPage }) => startPage)])].sort((a, b) => a - b)
  const old = touched.flatMap((page) => {
    const area = before[placeOf(before, page)]
    return area?.startPage === page ? [area] : []
  })
  return changesBetween(old, put, { usage: true })
}

const known = new WeakMap<Step, readonly Change[]>()

function lastChanges(timeline: Timeline, index: number): Change[] {
  const changes: Change[] = []
  for (let at = index; at > Math.max(index - STEPS, 0) && changes.length < MOST; at--) {
    const step = timeline.stepAt(at)!
    let found = known.get(step)
    if (found === undefined) {
      found = changesOf(timeline.at(at - 1), step.gone, step.put).reverse()
      known.set(step, found)
    }
    changes.push(...found)
  }
  return changes
}

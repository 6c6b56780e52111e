import { byteSize } from '../../snapshot/byte-size.js'
import { areaAt } from '../data/area-at.js'
import { nameOf } from './describe-area.js'
import { PageBytes } from './page-bytes.js'
import { PageGrid } from './page-grid.js'
import { usePages } from './page-source.js'
import { type Store, useStore } from './store.js'

/** One area: its pages, and the bytes of the one that was chosen. */
export function AreaPanel({ store }: { store: Store }) {
  const { areas, state, pageSize } = useStore(store)
  const area = state.at === null ? undefined : areaAt(areas, state.at)
  const pages = usePages(store, area)
  if (area === undefined) {
    return (
      <section class="area-panel" aria-label="Area">
        <p class="empty">Nothing is mapped there at this moment.</p>
      </section>
    )
  }
  return (
    <section class="area-panel" aria-label="Area">
      <header>
        <h2>
          <bdi>{nameOf(area)}</bdi>
        </h2>
        <p class="facts">
          <code>
            {area.start.slice(2)}-{area.end.slice(2)}
          </code>{' '}
          · {byteSize((area.endPage - area.startPage) * pageSize)} · {area.permissions} · {byteSize(area.usage.rss)}{' '}
          resident
          {area.inode === '0' ? '' : ` · from ${area.offset} of the file`}
        </p>
      </header>
      {pages === 'asking' ? <p class="empty">Asking for its pages…</p> : null}
      {typeof pages === 'object' && 'why' in pages ? (
        <p class="unknown">Its pages are not known: {pages.why}.</p>
      ) : null}
      {typeof pages === 'object' && 'pages' in pages ? (
        <PageGrid store={store} area={area} pages={pages.pages} />
      ) : null}
      {state.level === 'page' ? <PageBytes store={store} area={area} /> : null}
      {state.level === 'area' ? (
        <p>
          <button type="button" onClick={() => store.go({ level: 'page' }, true)}>
            Show the bytes of the page
          </button>
        </p>
      ) : null}
    </section>
  )
}

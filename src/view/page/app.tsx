import { useEffect, useState } from 'preact/hooks'
import { areaAt } from '../data/area-at.js'
import { shownName } from '../data/shown-name.js'
import { hexOfPage } from '../data/wire-areas.js'
import { AreaList } from './area-list.js'
import { AreaPanel } from './area-panel.js'
import { Bars } from './bars.js'
import { ChangesPanel } from './changes-panel.js'
import { shortNameOf } from './describe-area.js'
import { Explain } from './explain.js'
import { Help } from './help.js'
import { HonestyStrip } from './honesty-strip.js'
import { Overview } from './overview.js'
import { PagerPanel } from './pager-panel.js'
import { Playground } from './playground/playground.js'
import { type Store, useStore } from './store.js'
import { TimePanel } from './time-panel.js'

const TABS = ['Explain', 'Changes', 'Pager'] as const
const KIND_TITLE = {
  live: 'live',
  snapshot: 'snapshot',
  recording: 'recording',
  difference: 'difference of two snapshots',
}

/** The whole page. */
export function App({ store }: { store: Store }) {
  const { state, header, kind, connection, boot, said } = useStore(store)
  const [help, setHelp] = useState(false)
  const [invitation, setInvitation] = useState<string | undefined>(undefined)
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      const isTyping =
        target.tagName === 'TEXTAREA' ||
        (target instanceof HTMLInputElement && target.type !== 'checkbox' && target.type !== 'range')
      if (event.key === 'Escape') {
        if (help) setHelp(false)
        else if (isTyping) target.blur()
        else zoomOut(store)
      } else if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
      else if (event.key === '?') setHelp(!help)
      else if (event.key === '/') {
        event.preventDefault()
        document.querySelector<HTMLInputElement>('.find')?.focus()
      } else if (event.key === 'Backspace') zoomOut(store)
    }
    addEventListener('keydown', keys)
    return () => removeEventListener('keydown', keys)
  }, [help])
  useEffect(() => {
    document.title =
      header === undefined ? 'vmarea view' : `${shownName(header.program ?? '')} ${header.pid} · vmarea view`.trim()
  }, [header])
  const isPlaying = state.lesson !== null
  const invite = async () => {
    const response = await fetch('/invite', { method: 'POST' })
    setInvitation(response.ok ? (await response.json()).address : 'the server refused')
  }
  return (
    <>
      <header class="top">
        <h1>
          vm<b>area</b>
        </h1>
        {header === undefined ? null : (
          <p class="subject">
            {header.program === null ? '' : <b>{shownName(header.program)} </b>}
            process {header.pid}{' '}
            <span class={`state ${kind} ${connection}`}>
              {kind === 'live' ? connectionTitle(connection) : KIND_TITLE[kind]}
            </span>
          </p>
        )}
        <nav aria-label="View">
          {boot.source === 'play' ? null : (
            <button type="button" aria-pressed={!isPlaying} onClick={() => store.go({ lesson: null }, true)}>
              Address space
            </button>
          )}
          <button type="button" aria-pressed={isPlaying} onClick={() => store.go({ lesson: state.lesson ?? '' }, true)}>
            Playground
          </button>
          {location.protocol === 'file:' ? null : (
            <button type="button" onClick={invite} title="A new address, good for one browser">
              Another browser
            </button>
          )}
          <button type="button" onClick={() => setHelp(!help)} aria-expanded={help}>
            Help
          </button>
        </nav>
      </header>
      {invitation === undefined ? null : (
        <p class="invitation">
          Open this in the other browser, once:{' '}
          <input readOnly value={invitation} aria-label="Address for another browser" />{' '}
          <button type="button" onClick={() => setInvitation(undefined)}>
            Done
          </button>
        </p>
      )}
      {help ? <Help close={() => setHelp(false)} /> : null}
      <main>{isPlaying ? <Playground store={store} /> : <AddressSpace store={store} />}</main>
      {isPlaying ? null : <HonestyStrip store={store} />}
      <p class="said" role="status" aria-live="polite">
        {said}
      </p>
    </>
  )
}

function AddressSpace({ store }: { store: Store }) {
  const { state, timeline, connection } = store
  const [tab, setTab] = useState<(typeof TABS)[number]>(store.kind === 'difference' ? 'Changes' : 'Explain')
  if (timeline === undefined)
    return <p class="empty">{connection === 'lost' ? 'The server does not answer.' : 'Waiting for the first look…'}</p>
  return (
    <div class="space">
      <Bars store={store} />
      <Overview store={store} />
      <div class="centre">
        <Breadcrumbs store={store} />
        {state.level === 'whole' ? <AreaList store={store} /> : <AreaPanel store={store} />}
      </div>
      <aside class="side" aria-label="Details">
        <div class="tabs" role="tablist">
          {TABS.map((name) => (
            <button
              type="button"
              role="tab"
              key={name}
              id={`tab-${name}`}
              aria-selected={tab === name}
              aria-controls="panel"
              onClick={() => setTab(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <div class="panel" id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
          {tab === 'Explain' ? <Explain store={store} /> : null}
          {tab === 'Changes' ? <ChangesPanel store={store} /> : null}
          {tab === 'Pager' ? <PagerPanel store={store} /> : null}
        </div>
      </aside>
      <TimePanel store={store} />
    </div>
  )
}

function Breadcrumbs({ store }: { store: Store }) {
  const { state, areas, pageSize } = useStore(store)
  const area = state.at === null ? undefined : areaAt(areas, state.at)
  return (
    <nav class="breadcrumbs" aria-label="Zoom">
      <button
        type="button"
        class="link"
        aria-current={state.level === 'whole' ? 'page' : undefined}
        onClick={() => store.go({ level: 'whole' }, true)}
      >
        all areas
      </button>
      {state.at === null ? null : (
        <>
          {' › '}
          <button
            type="button"
            class="link"
            aria-current={state.level === 'area' ? 'page' : undefined}
            onClick={() => store.go({ level: 'area' }, true)}
          >
            <bdi>{area === undefined ? 'a gap' : shortNameOf(area)}</bdi>
          </button>
        </>
      )}
      {state.at === null || area === undefined ? null : (
        <>
          {' › '}
          <button
            type="button"
            class="link"
            aria-current={state.level === 'page' ? 'page' : undefined}
            onClick={() => store.go({ level: 'page' }, true)}
          >
            page {hexOfPage(state.at, pageSize)}
          </button>
        </>
      )}
    </nav>
  )
}

function zoomOut(store: Store): void {
  const { level, lesson } = store.state
  if (lesson !== null) return
  if (level === 'page') store.go({ level: 'area' }, true)
  else if (level === 'area') store.go({ level: 'whole' }, true)
}

function connectionTitle(connection: Store['connection']): string {
  switch (connection) {
    case 'open':
      return 'live'
    case 'lost':
      return 'connection lost'
    case 'ended':
      return 'ended'
    default:
      return 'connecting'
  }
}

import { useEffect, useState } from 'preact/hooks'
import { fromHash, type HashState, NOTHING, toHash } from '../data/hash-state.js'
import type { LookCost, Refusal } from '../data/live-message.js'
import type { NamedReport } from '../data/named-report.js'
import { type Step, Timeline } from '../data/timeline.js'
import type { ViewArea } from '../data/view-area.js'
import type { ViewBoot } from '../data/view-boot.js'
import type { ViewData, ViewHeader } from '../data/view-data.js'
import type { WirePages } from '../data/wire-pages.js'
import { decodeSteps } from '../data/wire-steps.js'

/** How many changed areas a live view keeps. */
const KEPT = 400_000

export type Connection = 'none' | 'connecting' | 'open' | 'lost' | 'ended'

/** Everything that the page shows, and what changes it. Components draw again, at most once a frame, after it has changed. */
export class Store {
  readonly boot: ViewBoot
  header: ViewHeader | undefined
  timeline: Timeline | undefined
  kind: ViewData['kind'] = 'snapshot'
  warnings: readonly string[] = []
  connection: Connection = 'none'
  ending = ''
  cost: LookCost | undefined
  refusals: readonly Refusal[] = []
  pagers: readonly NamedReport[] = []
  dropped = 0
  /** What was last said to people who do not see the page. */
  said = ''
  state: HashState = NOTHING
  readonly #listeners = new Set<() => void>()
  #planned = 0
  #moment: { timeline: Timeline; index: number; length: number; areas: readonly ViewArea[] } | undefined

  constructor(boot: ViewBoot) {
    this.boot = boot
    this.state = this.#stateOfAddress()
    if (boot.data !== null) this.load(boot.data)
    addEventListener('hashchange', () => this.#fromAddress())
  }

  /** Begins again with a list of areas and what changed since. */
  load(data: ViewData): void {
    const { header, kind } = data
    const [first, ...steps] = decodeSteps(data.first, header.pageSize)
    this.header = header
    this.kind = kind
    this.warnings = data.warnings
    this.timeline = new Timeline(first?.put ?? [], first?.time ?? header.time, kind === 'live' ? KEPT : undefined)
    for (const step of steps) this.timeline.push(step)
    if (kind === 'difference' && this.state.from === null) this.state = { ...this.state, from: 0 }
    this.changed()
  }

  /** Takes in what a live process has become. */
  push(steps: readonly Step[]): void {
    for (const step of steps) this.timeline?.push(step)
    this.changed()
  }

  /** Changes what stands in the address. `isStep` makes it a step that the browser's Back undoes. */
  go(change: Partial<HashState>, isStep = false): void {
    this.state = { ...this.state, ...change }
    const address = `#${toHash(this.state)}`
    if (isStep) history.pushState(null, '', address)
    else history.replaceState(null, '', address)
    this.changed()
  }

  say(text: string): void {
    this.said = text
    this.changed()
  }

  /** The number of the moment that is shown. */
  get index(): number {
    const { timeline, state } = this
    if (timeline === undefined) return 0
    return state.time === null ? timeline.length - 1 : timeline.indexAt(this.beginning + state.time)
  }

  /** The number of the moment that it is compared with. */
  get fromIndex(): number | undefined {
    const { timeline, state } = this
    return timeline === undefined || state.from === null ? undefined : timeline.indexAt(this.beginning + state.from)
  }

  /** When the first list was taken: what times in the address count from. */
  get beginning(): number {
    return this.header?.time ?? 0
  }

  get pageSize(): number {
    return this.header?.pageSize ?? 4096
  }

  /** The areas at the moment that is shown. */
  get areas(): readonly ViewArea[] {
    const { timeline, index } = this
    if (timeline === undefined) return []
    const known = this.#moment
    const { length } = timeline
    if (known?.timeline === timeline && known.index === index && known.length === length) return known.areas
    const areas = timeline.at(index)
    this.#moment = { timeline, index, length, areas }
    return areas
  }

  /** The areas at the moment that it is compared with. */
  get fromAreas(): readonly ViewArea[] | undefined {
    const { fromIndex } = this
    return fromIndex === undefined ? undefined : this.timeline?.at(fromIndex)
  }

  /** States of pages that were taken along in a file. */
  get keptPages(): WirePages | null {
    return this.boot.pages
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Has everything drawn again in the next frame. */
  changed(): void {
    if (this.#planned !== 0) return
    this.#planned = requestAnimationFrame(() => {
      this.#planned = 0
      for (const listener of this.#listeners) listener()
    })
  }

  /** Where there is nothing but the playground, it is open whatever the address says. */
  #stateOfAddress(): HashState {
    const state = fromHash(location.hash)
    return this.boot.source === 'play' && state.lesson === null ? { ...state, lesson: '' } : state
  }

  #fromAddress(): void {
    this.state = this.#stateOfAddress()
    this.changed()
  }
}

/** Draws the component again whenever the store has changed. */
export function useStore(store: Store): Store {
  const [, redraw] = useState(0)
  useEffect(() => store.subscribe(() => redraw((count) => count + 1)), [store])
  return store
}

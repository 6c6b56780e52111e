import type { ServerResponse } from 'node:http'
import { differenceBetween } from '../../view/data/difference.js'
import type { LiveMessages, LookCost, Refusal } from '../../view/data/live-message.js'
import type { NamedReport } from '../../view/data/named-report.js'
import type { ViewArea } from '../../view/data/view-area.js'
import type { ViewData } from '../../view/data/view-data.js'
import { viewDataOf } from '../../view/data/view-data-of.js'
import { encodeSteps } from '../../view/data/wire-steps.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { EventStream, textOf } from './event-stream.js'
import { PagerReports } from './pager-reports.js'
import { ProcessView } from './process-view.js'

/**
 * How long after a look the next one follows, in milliseconds: often enough that a change is on the screen in a quarter of a second, and seldom
 * enough that each of the two kinds of look takes 1/100 of a processor at most.
 */
const LAYOUT_EVERY = 120
const USAGE_EVERY = 2000
const SHARE = 100
const COST_EVERY = 1000

/** A process that is watched for as many browsers as have the page open. While there is none, it is left alone. */
export class LiveView {
  readonly pid: number
  #process: ProcessView
  readonly #streams = new Set<EventStream>()
  #areas: readonly ViewArea[] = []
  #refusals: readonly Refusal[] = []
  #usageRefusal: Refusal | undefined
  #timer: NodeJS.Timeout | undefined
  #pagerReports: PagerReports | undefined
  #pagers: readonly NamedReport[] = []
  #ended: LiveMessages['ended'] | undefined
  #layoutCost = 0
  #usageCost: number | null = null
  #layoutEvery = LAYOUT_EVERY
  #usageEvery = USAGE_EVERY
  #nextUsage = 0
  #nextCost = 0
  #processor = { at: performance.now(), used: process.cpuUsage() }

  constructor(pid: number) {
    this.pid = pid
    this.#process = new ProcessView(pid)
    this.#begin()
  }

  /** The state as a browser begins with it. */
  data(): ViewData {
    if (this.#ended === undefined && this.#timer === undefined) this.#lookAtAll()
    return viewDataOf('live', this.#process.header(), this.#areas)
  }

  get process(): ProcessView {
    return this.#process
  }

  /** Takes over a browser's request for events. */
  connect(response: ServerResponse): void {
    const stream = new EventStream(response, (behind, dropped) => this.#sendState(behind, dropped))
    this.#sendState(stream, 0)
    if (this.#ended !== undefined) {
      stream.send('ended', this.#ended)
      response.end()
      return
    }
    this.#streams.add(stream)
    response.on('close', () => {
      this.#streams.delete(stream)
      if (this.#streams.size === 0) this.#pause()
    })
    this.#timer ??= setTimeout(() => this.#look(), this.#layoutEvery)
    this.#pagerReports ??= new PagerReports(this.pid, (reports) => {
      this.#pagers = reports
      this.#broadcast('pagers', reports)
    })
  }

  close(): void {
    this.#pause()
    this.#process.close()
  }

  #begin(): void {
    this.#areas = this.#process.layout()
    this.#lookAtUsage()
    this.#refusals = this.#process.refusals()
  }

  #pause(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#pagerReports?.close()
    this.#pagerReports = undefined
    this.#pagers = []
  }

  #sendState(stream: EventStream, dropped: number): void {
    stream.send('state', { data: this.data(), dropped, refusals: this.#allRefusals() })
    stream.send('cost', this.#cost())
    stream.send('pagers', this.#pagers)
  }

  #allRefusals(): readonly Refusal[] {
    return this.#usageRefusal === undefined ? this.#refusals : [...this.#refusals, this.#usageRefusal]
  }

  /** Looks, sends the browsers what has changed, and plans the next look. */
  #look(): void {
    try {
      const before = this.#areas
      const isUsage = performance.now() >= this.#nextUsage
      if (isUsage) this.#lookAtUsage()
      else this.#lookAtLayout()
      const difference = differenceBetween(before, this.#areas)
      if (difference.gone.length > 0 || difference.put.length > 0) {
        this.#broadcast('steps', encodeSteps([{ time: Date.now(), ...difference }], this.#process.pageSize))
      }
      if (performance.now() >= this.#nextCost) {
        this.#nextCost = performance.now() + COST_EVERY
        this.#broadcast('cost', this.#cost())
      }
      this.#timer = setTimeout(() => this.#look(), this.#layoutEvery)
    } catch (error) {
      this.#timer = undefined
      if (!(error instanceof VmError) || error.code !== 'ESRCH') throw error
      this.#afterEnd()
    }
  }

  /** The program is gone: the process has ended, or runs another one, which is watched from now on. */
  #afterEnd(): void {
    try {
      const next = new ProcessView(this.pid)
      this.#process.close()
      this.#process = next
      this.#begin()
      for (const stream of this.#streams) this.#sendState(stream, 0)
      this.#timer = setTimeout(() => this.#look(), this.#layoutEvery)
    } catch (error) {
      const reason =
        error instanceof VmError && error.code === 'ESRCH'
          ? `process ${this.pid} has ended`
          : `process ${this.pid} runs another program now, which can't be looked at: ${(error as Error).message}`
      this.#ended = { time: Date.now(), reason }
      this.#broadcast('ended', this.#ended)
    }
  }

  #lookAtAll(): void {
    try {
      this.#lookAtUsage()
    } catch (error) {
      if (!(error instanceof VmError) || error.code !== 'ESRCH') throw error
      this.#afterEnd()
    }
  }

  #lookAtLayout(): void {
    const before = process.cpuUsage()
    this.#areas = this.#process.layout()
    this.#layoutCost = processorTime(before)
    this.#layoutEvery = Math.max(LAYOUT_EVERY, this.#layoutCost * SHARE)
  }

  #lookAtUsage(): void {
    const before = process.cpuUsage()
    try {
      this.#areas = this.#process.usage()
      this.#usageRefusal = undefined
    } catch (error) {
      const { code, message } = error as VmError
      if (code !== 'EACCES' && code !== 'EPERM') throw error
      this.#usageRefusal = { what: 'flags and usage', reason: message }
      this.#lookAtLayout()
    }
    this.#usageCost = processorTime(before)
    this.#usageEvery = Math.max(USAGE_EVERY, this.#usageCost * SHARE)
    this.#nextUsage = performance.now() + this.#usageEvery
  }

  #cost(): LookCost {
    const { at, used } = this.#processor
    const { user, system } = process.cpuUsage(used)
    const elapsed = performance.now() - at
    if (elapsed > COST_EVERY) this.#processor = { at: performance.now(), used: process.cpuUsage() }
    return {
      layout: this.#layoutCost,
      layoutEvery: this.#layoutEvery,
      usage: this.#usageCost,
      usageEvery: this.#usageEvery,
      processor: elapsed === 0 ? 0 : (user + system) / 10 / elapsed,
    }
  }

  #broadcast<Name extends keyof LiveMessages>(name: Name, message: LiveMessages[Name]): void {
    const text = textOf(name, message)
    for (const stream of this.#streams) stream.sendText(text)
  }
}

/** Milliseconds of a processor since then: on a machine with much to do, time passes while nothing is looked at. */
function processorTime(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

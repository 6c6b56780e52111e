import { classesOf, PAGE_CLASSES } from '../data/page-classes.js'
import type { ViewArea } from '../data/view-area.js'
import type { WirePages } from '../data/wire-pages.js'
import { COMPARED } from './compared.js'
import type { KernelMoment } from './kernel-moment.js'
import type { Memory } from './play-process.js'
import type { Moment } from './run-program.js'

/** A difference between the model and the running kernel. */
export interface PlayDifference {
  /** What differs: the result, or the place in a process's memory. */
  readonly what: string
  /** The process whose memory differs; `null` for the result. */
  readonly process: string | null
  /** The first page that it is about. */
  readonly page: number | null
  readonly model: string
  readonly kernel: string
}

/** A kernel without CONFIG_MEMORY_FAILURE reports a poisoned page as one that is not there. */
const SAME: readonly (readonly [model: string, kernel: string])[] = [
  ['SIGBUS: the page is poisoned', 'SIGBUS, BUS_ADRERR'],
]
const NOTHING = 'nothing'

/** What differs after a call: its result, and each area and page of the addresses that are compared. */
export function differencesOf(model: Moment, kernel: KernelMoment, pageSize: number): PlayDifference[] {
  const found: PlayDifference[] = []
  const [left, right] = [model.outcome.text, kernel.outcome.text]
  if (left !== right && !SAME.some(([one, other]) => left.replaceAll(one, other) === right)) {
    found.push({ what: 'the result', process: null, page: null, model: left, kernel: right })
  }
  for (const [name, memory] of model.memory) {
    const other = kernel.memory[name]
    if (other === undefined) {
      found.push({ what: 'the process', process: name, page: null, model: 'runs', kernel: 'does not exist' })
    } else
      found.push(...areaDifferences(name, memory, other, pageSize), ...pageDifferences(name, memory, other, pageSize))
  }
  return found
}

function areaDifferences(process: string, model: Memory, kernel: Memory, pageSize: number): PlayDifference[] {
  const [left, right] = [byStart(model.areas, pageSize), byStart(kernel.areas, pageSize)]
  const starts = [...new Set([...left.keys(), ...right.keys()])].sort((a, b) => a - b)
  return starts.flatMap((page) => {
    const [one, other] = [textOf(left.get(page)), textOf(right.get(page))]
    if (one === other) return []
    const what = `the area at 0x${(page * pageSize).toString(16)}`
    return [{ what, process, page, model: one, kernel: other }]
  })
}

function byStart(areas: readonly ViewArea[], pageSize: number): Map<number, ViewArea> {
  const compared = areas.filter(
    ({ startPage, endPage }) => endPage * pageSize > COMPARED.from && startPage * pageSize < COMPARED.to,
  )
  return new Map(compared.map((area) => [area.startPage, area]))
}

/** All that both kernels say of an area. Files have other numbers and names on each. */
function textOf(area: ViewArea | undefined): string {
  if (area === undefined) return NOTHING
  const { start, end, permissions, offset, flags } = area
  return `${start}-${end} ${permissions}${offset === '0x0' ? '' : `, from ${offset} of its file`}, flags ${flags.join(' ')}`
}

function pageDifferences(process: string, model: Memory, kernel: Memory, pageSize: number): PlayDifference[] {
  const found: PlayDifference[] = []
  const known = model.pages.known & kernel.pages.known
  const [ours, theirs] = [onlyKnown(model.pages, known), onlyKnown(kernel.pages, known)]
  for (const area of byStart(model.areas, pageSize).values()) {
    const { startPage, endPage } = area
    if (byStart(kernel.areas, pageSize).get(startPage)?.endPage !== endPage) continue
    const [left, right] = [ours, theirs].map((pages) => classesOf(pages, startPage, endPage)) as [
      Uint8Array,
      Uint8Array,
    ]
    for (let at = 0; at < left.length; at++) {
      const [one, other] = [left[at]!, right[at]!]
      if (one === other) continue
      const first = at
      while (left[at + 1] === one && right[at + 1] === other) at++
      const count = at + 1 - first
      const where = `0x${((startPage + first) * pageSize).toString(16)}`
      const what = count === 1 ? `the page at ${where}` : `${count} pages at ${where}`
      found.push({
        what,
        process,
        page: startPage + first,
        model: PAGE_CLASSES[one]!,
        kernel: PAGE_CLASSES[other]!,
      })
    }
  }
  return found
}

/** States without the bits that one of the kernels does not report. */
function onlyKnown(pages: WirePages, known: number): WirePages {
  return { ...pages, runs: pages.runs.map((number, at) => (at % 3 === 2 ? number & known : number)) }
}

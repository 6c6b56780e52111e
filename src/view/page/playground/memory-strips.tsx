import { byteSize } from '../../../snapshot/byte-size.js'
import { classesOf, PAGE_CLASSES } from '../../data/page-classes.js'
import type { ViewArea } from '../../data/view-area.js'
import type { Memory } from '../../play/play-process.js'
import { nameOf } from '../describe-area.js'
import { Swatch } from '../swatch.js'

/** Pages that are drawn one by one; of a longer area the counts stand in the list. */
const MOST_PAGES = 64

interface MemoryStripsProps {
  readonly name: string
  readonly before: Memory | undefined
  readonly after: Memory
  /** The first pages of what the running kernel has otherwise. */
  readonly differing: readonly number[]
}

interface Column {
  readonly start: number
  readonly end: number
  readonly isGap: boolean
}

/** The memory of a process before a call and after it, one above the other on one scale, so that what merged and split lies in line. */
export function MemoryStrips({ name, before, after, differing }: MemoryStripsProps) {
  const columns = columnsOf(before?.areas ?? [], after.areas)
  const template = columns
    .map(({ start, end, isGap }) => (isGap ? '1.2rem' : `minmax(1.5rem, ${1 + Math.log2(end - start)}fr)`))
    .join(' ')
  return (
    <section class="strips" aria-label={`Memory of ${name}`}>
      <h3>{name}</h3>
      {before === undefined ? null : (
        <Strip title="before" memory={before} other={undefined} columns={columns} template={template} differing={[]} />
      )}
      <Strip title="after" memory={after} other={before} columns={columns} template={template} differing={differing} />
    </section>
  )
}

interface StripProps {
  readonly title: string
  readonly memory: Memory
  readonly other: Memory | undefined
  readonly columns: readonly Column[]
  readonly template: string
  readonly differing: readonly number[]
}

function Strip({ title, memory, other, columns, template, differing }: StripProps) {
  const known = new Set((other ?? memory).areas.map(({ start, end }) => `${start} ${end}`))
  return (
    <div class="strip-row">
      <span class="strip-title">{title}</span>
      <ol class="boxes" style={{ gridTemplateColumns: template }} aria-label={title}>
        {memory.areas.map((area) => {
          const differs = differing.some((page) => page >= area.startPage && page < area.endPage)
          const isNew = !known.has(`${area.start} ${area.end}`)
          return (
            <li
              key={area.startPage}
              class={`box${isNew ? ' new' : ''}${differs ? ' differs' : ''}`}
              style={{ gridColumn: `${lineOf(columns, area.startPage)} / ${lineOf(columns, area.endPage)}` }}
              title={`${area.start}-${area.end}, flags ${area.flags.join(' ')}`}
            >
              <span class="box-head">
                <Swatch kind={area.kind} class="chip" />
                {area.permissions} {byteSize(Number(BigInt(area.end) - BigInt(area.start)))}
                {isNew ? <b class="mark">changed</b> : null}
                {differs ? <b class="mark differs">≠ the kernel</b> : null}
              </span>
              <small>
                {nameOf(area)} {area.start.slice(2)}
              </small>
              <Pages area={area} memory={memory} />
            </li>
          )
        })}
      </ol>
    </div>
  )
}

function Pages({ area, memory }: { area: ViewArea; memory: Memory }) {
  const { startPage, endPage } = area
  if (endPage - startPage > MOST_PAGES) return null
  const classes = [...classesOf(memory.pages, startPage, endPage)].map((place) => PAGE_CLASSES[place]!)
  return (
    <span class="pages" role="img" aria-label={`pages: ${classes.join(', ')}`}>
      {classes.map((name, at) => (
        <Swatch key={at} page={name} class="page" title={name} />
      ))}
    </span>
  )
}

/** The ranges between all boundaries of both lists; a gap is one column whatever its size. */
function columnsOf(before: readonly ViewArea[], after: readonly ViewArea[]): Column[] {
  const areas = [...before, ...after]
  const edges = [...new Set(areas.flatMap(({ startPage, endPage }) => [startPage, endPage]))].sort((a, b) => a - b)
  return edges.slice(0, -1).map((start, at) => {
    const end = edges[at + 1]!
    return { start, end, isGap: !areas.some((area) => area.startPage < end && area.endPage > start) }
  })
}

/** The number of the grid's line at a boundary. */
function lineOf(columns: readonly Column[], page: number): number {
  const at = columns.findIndex(({ start }) => start === page)
  return at < 0 ? columns.length + 1 : at + 1
}

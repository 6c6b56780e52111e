import { useMemo, useRef, useState } from 'preact/hooks'
import { byteSize } from '../../snapshot/byte-size.js'
import { classesOf, countClasses, PAGE_CLASS_MEANINGS, PAGE_CLASSES } from '../data/page-classes.js'
import type { ViewArea } from '../data/view-area.js'
import { hexOfPage } from '../data/wire-areas.js'
import type { WirePages } from '../data/wire-pages.js'
import { drawGrid, type GridShape } from './draw/draw-grid.js'
import { useCanvas } from './draw/use-canvas.js'
import { type Store, useStore } from './store.js'
import { Swatch } from './swatch.js'

const CELL = 11
/** Rows of cells that are shown at first: more pages make a cell stand for several. */
const ROWS = 24

/** The pages of an area: a cell is one page or several, drawn in the proportion of their states. */
export function PageGrid({ store, area, pages }: { store: Store; area: ViewArea; pages: WirePages }) {
  const { pageSize } = useStore(store)
  const { startPage, endPage } = area
  const count = endPage - startPage
  const classes = useMemo(() => classesOf(pages, startPage, endPage), [pages, startPage, endPage])
  const totals = useMemo(() => countClasses(classes, 0, count), [classes, count])
  const [each, setEach] = useState<number | undefined>(undefined)
  const [top, setTop] = useState(0)
  const [hover, setHover] = useState<string>('')
  const shape = useRef<GridShape>({ columns: 1, each: 1, first: 0 })
  // Keys may come faster than the page is drawn: the store knows where they have led so far.
  const chosen = () => Math.min(Math.max((store.state.at ?? startPage) - startPage, 0), count - 1)
  const selected = chosen()

  const { ref } = useCanvas((context, width, height) => {
    const columns = Math.max(Math.floor(width / CELL), 1)
    const fitting = 2 ** Math.max(Math.ceil(Math.log2(count / (columns * ROWS))), 0)
    const perCell = each ?? fitting
    const rows = Math.ceil(count / (columns * perCell))
    const first = Math.min(top, Math.max(rows - Math.floor(height / CELL), 0)) * columns
    shape.current = { columns, each: perCell, first }
    drawGrid(context, { width, height, cell: CELL, classes, shape: shape.current, selected })
  })
  const choose = (page: number) => {
    const at = Math.min(Math.max(page, 0), count - 1)
    const { columns, each: perCell, first } = shape.current
    const row = Math.floor(at / perCell / columns)
    const visible = Math.max(Math.floor((ref.current?.clientHeight ?? CELL) / CELL), 1)
    if (row < first / columns) setTop(row)
    else if (row >= first / columns + visible) setTop(row - visible + 1)
    store.go({ at: startPage + at })
    store.say(describeCell(Math.floor(at / perCell)))
  }
  const describeCell = (cell: number): string => {
    const { each: perCell } = shape.current
    const from = cell * perCell
    const to = Math.min(from + perCell, count)
    if (from >= count || from < 0) return ''
    const counts = countClasses(classes, from, to)
    const parts = PAGE_CLASSES.flatMap((name, at) => (counts[at] === 0 ? [] : [`${counts[at]} ${name}`]))
    const range = `page ${from}${to - from > 1 ? ` to ${to - 1}` : ''} of ${count}, ${hexOfPage(startPage + from, pageSize)}`
    return `${range}: ${to - from === 1 ? PAGE_CLASSES[classes[from]!] : parts.join(', ')}`
  }
  const cellUnder = (event: MouseEvent) => {
    const box = ref.current!.getBoundingClientRect()
    const { columns, first } = shape.current
    const column = Math.min(Math.floor((event.clientX - box.left) / CELL), columns - 1)
    return first + Math.floor((event.clientY - box.top) / CELL) * columns + column
  }
  const change = (factor: number) => {
    const next = Math.max(shape.current.each * factor, 1)
    setEach(next)
    setTop(Math.floor(chosen() / next / shape.current.columns))
  }
  const keys = (event: KeyboardEvent) => {
    const { columns, each: perCell } = shape.current
    const visible = Math.max(Math.floor((ref.current?.clientHeight ?? CELL) / CELL), 1)
    const steps: Record<string, number> = {
      ArrowRight: perCell,
      ArrowLeft: -perCell,
      ArrowDown: perCell * columns,
      ArrowUp: -perCell * columns,
      PageDown: perCell * columns * visible,
      PageUp: -perCell * columns * visible,
      Home: -count,
      End: count,
    }
    if (steps[event.key] !== undefined) choose(chosen() + steps[event.key]!)
    else if (event.key === '+' || event.key === '=') change(1 / 2)
    else if (event.key === '-') change(2)
    else if (event.key === 'Enter') store.go({ level: 'page' }, true)
    else return
    event.preventDefault()
  }
  return (
    <div class="grid">
      <div class="grid-tools">
        <span>
          {count} page{count === 1 ? '' : 's'} of {byteSize(pageSize)}
          {pages.isWhole ? '' : ', of which the last are unknown: there are too many runs'}
        </span>
        <span class="tools">
          <button type="button" onClick={() => change(1 / 2)} aria-label="Fewer pages a cell">
            +
          </button>
          <button type="button" onClick={() => change(2)} aria-label="More pages a cell">
            −
          </button>
        </span>
      </div>
      <canvas
        ref={ref}
        class="grid-canvas"
        tabIndex={0}
        role="application"
        aria-roledescription="grid of pages"
        aria-label={`Pages of the area. Arrow keys choose one, plus and minus change how many a cell stands for, Enter shows its bytes. ${describeCell(Math.floor(selected / shape.current.each))}`}
        onKeyDown={keys}
        onMouseMove={(event) => setHover(describeCell(cellUnder(event)))}
        onMouseLeave={() => setHover('')}
        onClick={(event) => choose(cellUnder(event) * shape.current.each)}
        onDblClick={() => store.go({ level: 'page' }, true)}
        onWheel={(event) => {
          const rows = Math.ceil(count / (shape.current.columns * shape.current.each))
          setTop((before) => Math.min(Math.max(before + Math.sign(event.deltaY) * 3, 0), Math.max(rows - 1, 0)))
        }}
      />
      <p class="hover" aria-hidden="true">
        {hover || describeCell(Math.floor(selected / shape.current.each))}
      </p>
      <ul class="classes" aria-label="Pages by state">
        {PAGE_CLASSES.map((name, at) =>
          totals[at] === 0 ? null : (
            <li key={name} title={PAGE_CLASS_MEANINGS[name]}>
              <Swatch page={name} class="chip" /> {totals[at]} {name}
            </li>
          ),
        )}
      </ul>
    </div>
  )
}

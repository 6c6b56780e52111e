import type { Change } from '../../snapshot/changes.js'
import { kindOf } from '../../snapshot/kind-of.js'
import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { byteSize } from '../byte-size.js'
import { changeLine } from '../change-line.js'
import { areaRows } from '../maps/area-rows.js'
import { USUAL_COLUMNS } from '../maps/column-names.js'
import { columnsNamed } from '../maps/columns.js'
import { SORT_KEYS, type SortKey } from '../maps/sort-keys.js'
import { paint } from '../paint.js'
import { outputWidth, table } from '../table.js'

const MOST_CHANGES = 8
const SEQUENCES = {
  begin: '\u001b[?1049h\u001b[?25l',
  home: '\u001b[H',
  endOfLine: '\u001b[K',
  endOfScreen: '\u001b[J',
  end: '\u001b[?25h\u001b[?1049l',
} as const

/** What was seen at one look. */
export interface TableLook {
  /** `12:00:00`. */
  readonly time: string
  readonly areas: readonly AreaSnapshot[]
  readonly changes: readonly Change[]
}

/** A table of the areas of one process that fills the terminal and is drawn again at each look, with the last changes below. */
export class LiveTable {
  readonly #title: string
  readonly #quit: () => void
  #sort: SortKey
  #look: TableLook | undefined
  /** Resident bytes at the first look. */
  #firstResident: number | undefined
  #isBegun = false
  #changes: { readonly time: string; readonly change: Change }[] = []

  /** `quit` is called when the user presses q or Ctrl-C. */
  constructor(title: string, sort: SortKey, quit: () => void) {
    this.#title = title
    this.#sort = sort
    this.#quit = quit
  }

  /** Takes the terminal. */
  begin(): void {
    this.#isBegun = true
    process.stdout.write(SEQUENCES.begin)
    process.stdout.on('resize', this.#draw)
    if (!process.stdin.isTTY) return
    process.stdin.setRawMode(true)
    process.stdin.on('data', this.#press)
  }

  /** Shows what was seen now. */
  show(look: TableLook): void {
    this.#look = look
    this.#firstResident ??= residentOf(look.areas)
    const { time } = look
    // What comes into memory and goes from it is in the table.
    const layout = look.changes.filter(({ change }) => change !== 'resident' && change !== 'swapped')
    this.#changes = [...this.#changes, ...layout.map((change) => ({ time, change }))].slice(-MOST_CHANGES)
    this.#draw()
  }

  /** Gives the terminal back as it was, where it was taken. */
  end(): void {
    if (!this.#isBegun) return
    process.stdout.off('resize', this.#draw)
    process.stdout.write(SEQUENCES.end)
    if (!process.stdin.isTTY) return
    process.stdin.off('data', this.#press)
    process.stdin.setRawMode(false)
    process.stdin.pause()
  }

  readonly #press = (keys: Buffer): void => {
    for (const key of keys.toString('latin1')) {
      if (key === 'q' || key === '\u0003') this.#quit()
      if (key !== 's') continue
      this.#sort = SORT_KEYS[(SORT_KEYS.indexOf(this.#sort) + 1) % SORT_KEYS.length]!
      this.#draw()
    }
  }

  readonly #draw = (): void => {
    if (this.#look === undefined) return
    const height = Math.max(process.stdout.rows || 24, 4)
    const lines = [...this.#lines(this.#look, height)].slice(0, height)
    const text = lines.map((line) => `${line}${SEQUENCES.endOfLine}`).join('\r\n')
    process.stdout.write(`${SEQUENCES.home}${text}${SEQUENCES.endOfScreen}`)
  };

  *#lines({ time, areas }: TableLook, height: number): Generator<string> {
    const width = outputWidth()
    const cut = (text: string) => (text.length > width ? `${text.slice(0, width - 1)}…` : text)
    const resident = residentOf(areas)
    const growth = resident - this.#firstResident!
    const since = growth === 0 ? '' : ` (${growth > 0 ? '+' : '-'}${byteSize(Math.abs(growth))})`
    const usable = areas.filter((area) => kindOf(area) !== 'kernel')
    yield paint('bold', cut(`${time} · ${this.#title}`))
    yield paint(
      'dim',
      cut(
        `${areas.length} areas · resident ${byteSize(resident) || '0'}${since} · by ${this.#sort} · s sorts · q quits`,
      ),
    )
    const shownChanges = this.#changes.slice(-Math.max(Math.min(this.#changes.length, Math.floor(height / 4)), 0))
    const room = height - 3 - (shownChanges.length === 0 ? 0 : shownChanges.length + 1)
    const columns = columnsNamed(USUAL_COLUMNS, () => '')
    const { rows, colour } = areaRows(usable, { columns, sort: this.#sort, all: false, gaps: false, size: byteSize })
    yield* table(columns, [...rows].slice(0, Math.max(room, 0)), { width, colour })
    if (shownChanges.length === 0) return
    yield ''
    for (const { time, change } of shownChanges) yield `${paint('dim', time)} ${changeLine(change, width - 9)}`
  }
}

function residentOf(areas: readonly AreaSnapshot[]): number {
  return areas.reduce((sum, { usage }) => sum + (usage.rss ?? 0), 0)
}

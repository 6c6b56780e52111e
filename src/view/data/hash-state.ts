import { KINDS, type Kind } from '../../snapshot/kind-of.js'

/** What of the page's state stands in its address, so that it can be kept, shared and gone back to. */
export interface HashState {
  /** The page number that is looked at. */
  readonly at: number | null
  readonly level: 'whole' | 'area' | 'page'
  readonly filter: Kind | null
  /** The moment that is shown, in milliseconds since the first; `null` is the last one, and follows. */
  readonly time: number | null
  /** The moment that it is compared with. */
  readonly from: number | null
  readonly isTrue: boolean
  readonly search: string
  /** The lesson of the playground; `null` where the playground is not open. */
  readonly lesson: string | null
  /** How many calls of the program have been made. */
  readonly step: number
  /** The program where it is not that of the lesson. */
  readonly program: string | null
}

/** A longer program is not kept in the address. */
const LONGEST_PROGRAM = 8000

export const NOTHING: HashState = {
  at: null,
  level: 'whole',
  filter: null,
  time: null,
  from: null,
  isTrue: false,
  search: '',
  lesson: null,
  step: 0,
  program: null,
}

/** The part of the address after `#`. */
export function toHash({ at, level, filter, time, from, isTrue, search, lesson, step, program }: HashState): string {
  const parameters = new URLSearchParams()
  if (lesson !== null) parameters.set('play', lesson)
  if (lesson !== null && step > 0) parameters.set('step', String(step))
  if (lesson !== null && program !== null && program.length <= LONGEST_PROGRAM) parameters.set('program', program)
  if (at !== null) parameters.set('at', at.toString(16))
  if (level !== 'whole') parameters.set('zoom', level)
  if (filter !== null) parameters.set('kind', filter)
  if (time !== null) parameters.set('t', String(Math.round(time)))
  if (from !== null) parameters.set('from', String(Math.round(from)))
  if (isTrue) parameters.set('scale', 'true')
  if (search !== '') parameters.set('find', search)
  return parameters.toString()
}

/** The state from the address. What makes no sense is left at its default. */
export function fromHash(hash: string): HashState {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''))
  const at = parameters.get('at')
  const zoom = parameters.get('zoom')
  const kind = parameters.get('kind')
  return {
    at: at !== null && /^[0-9a-f]{1,13}$/.test(at) ? Number.parseInt(at, 16) : null,
    level: zoom === 'area' || zoom === 'page' ? zoom : 'whole',
    filter: KINDS.find((known) => known === kind) ?? null,
    time: milliseconds(parameters.get('t')),
    from: milliseconds(parameters.get('from')),
    isTrue: parameters.get('scale') === 'true',
    lesson: parameters.get('play')?.slice(0, 200) ?? null,
    step: Math.min(milliseconds(parameters.get('step')) ?? 0, 10_000),
    program: parameters.get('program')?.slice(0, LONGEST_PROGRAM) ?? null,
    search: (parameters.get('find') ?? '').slice(0, 200),
  }
}

function milliseconds(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null
}

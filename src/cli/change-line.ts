import { changeText } from '../snapshot/change-text.js'
import type { Change, ChangeKind } from '../snapshot/changes.js'
import { byteSize } from './byte-size.js'
import { paint } from './paint.js'
import { printable } from './printable.js'

const COLOUR: Partial<Record<ChangeKind, 'red' | 'green' | 'yellow' | 'cyan'>> = {
  mapped: 'green',
  unmapped: 'red',
  moved: 'cyan',
  replaced: 'yellow',
  protected: 'yellow',
}

/** One change as one line, for people. `width` cuts the name at its beginning, and where there is no room for one, the line at its end. */
export function changeLine(change: Change, width: number): string {
  const range = `${change.start.slice(2)}-${change.end.slice(2)}`
  const size = byteSize(Number(BigInt(change.end) - BigInt(change.start)))
  const head = `${change.change.padEnd(9)} ${range} ${size.padStart(5)} ${changeText(change, printable)}`
  const name = printable(change.path)
  const room = width - head.length - 1
  const shown = name.length <= room ? name : room > 8 ? `…${name.slice(name.length - room + 1)}` : ''
  const colour = COLOUR[change.change]
  const whole = `${head} ${shown}`.trimEnd()
  const line = whole.length > width ? `${whole.slice(0, width - 1)}…` : whole
  return colour === undefined ? line : paint(colour, line.slice(0, 9)) + line.slice(9)
}

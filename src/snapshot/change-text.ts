import { byteSize } from './byte-size.js'
import type { Change } from './changes.js'

/** The effect of a change in a few words, beside its kind and range. `shown` escapes a name for the output. */
export function changeText({ change, before, after }: Change, shown: (name: string) => string): string {
  switch (change) {
    case 'mapped':
      return after
    case 'unmapped':
      return before
    case 'moved':
      return `from ${before.slice(2)}`
    case 'replaced':
      return `was ${shown(before) || 'anonymous'}`
    case 'flags':
      return [before && `-${before.replaceAll(' ', ' -')}`, after && `+${after.replaceAll(' ', ' +')}`]
        .filter(Boolean)
        .join(' ')
    case 'resident':
    case 'swapped': {
      const difference = Number(after) - Number(before)
      return `${difference > 0 ? '+' : '-'}${byteSize(Math.abs(difference))}`
    }
    default:
      return `${before} -> ${after}`
  }
}

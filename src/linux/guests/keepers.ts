import { readdirSync } from 'node:fs'
import { textOrNone } from './text-or-none.js'

/** The process numbers of the keepers that run on this machine. */
export function* keepers(): Generator<number, void> {
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    if (textOrNone(`/proc/${pid}/comm`).startsWith('vmarea-keeper')) yield pid
  }
}

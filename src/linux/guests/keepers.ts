import { readdirSync } from 'node:fs'
import { procError } from '../proc/proc-error.js'
import { textOrNone } from './text-or-none.js'

/** The process numbers of the keepers that run on this machine. */
export function* keepers(): Generator<number, void> {
  for (const pid of processes()) {
    if (textOrNone(`/proc/${pid}/comm`).startsWith('vmarea-keeper')) yield pid
  }
}

function processes(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch (error) {
    throw procError(error, '/proc', 'lists the processes, of which keepers are some')
  }
}

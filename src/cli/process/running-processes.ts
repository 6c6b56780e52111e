import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { hasProc } from '../../linux/proc/has-proc.js'
import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'

/** A process with the names that it is known by. */
export interface RunningProcess {
  readonly pid: number
  /** Of the thread that the process began with, of the program's file, and of its first argument. */
  readonly names: readonly string[]
}

/** The processes that /proc lists, in the order of their numbers. Throws `CommandError` where there is no /proc. */
export function runningProcesses(): RunningProcess[] {
  if (!hasProc())
    throw new CommandError('processes are found by their names in /proc, and no /proc is mounted here', EXIT.FAILED)
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .sort((a, b) => a - b)
    .map((pid) => ({ pid, names: namesOf(pid) }))
}

function namesOf(pid: number): string[] {
  const names = new Set([
    attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd()),
    attempt(() => basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''))),
    attempt(() => basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0', 1)[0]!)),
  ])
  names.delete('')
  return [...names]
}

/** A process may end between two looks, and of another user's the program is not shown. */
function attempt(look: () => string): string {
  try {
    return look()
  } catch {
    return ''
  }
}

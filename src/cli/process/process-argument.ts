import { nearest } from '../../vocabulary/nearest.js'
import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'
import { runningProcesses } from './running-processes.js'

const NUMBER = /^[1-9]\d{0,9}$/

/** The one process that an operand names: by its number, by a name that no other process has, or as `self`, the command's own. */
export function processArgument(text: string | undefined): number {
  if (text === undefined) throw new CommandError('which process? Give its number or its name')
  const [pid, ...more] = processesNamed(text)
  if (more.length > 0)
    throw new CommandError(
      `${more.length + 1} processes are named ${JSON.stringify(text)}: give the number of one (${[pid, ...more].join(' ')})`,
    )
  return pid
}

/** All processes that operands name, each once, in the order of the operands. */
export function processArguments(operands: readonly string[]): number[] {
  return [...new Set(operands.flatMap(processesNamed))]
}

function processesNamed(text: string): [number, ...number[]] {
  if (text === 'self') return [process.pid]
  if (NUMBER.test(text)) return [Number(text)]
  if (/^-?[\d.]+$/.test(text) || text === '')
    throw new CommandError(`${JSON.stringify(text)} is no process number: numbers begin at 1`)
  const running = runningProcesses().filter(({ pid }) => pid !== process.pid)
  const [first, ...more] = running.filter(({ names }) => names.includes(text)).map(({ pid }) => pid)
  if (first !== undefined) return [first, ...more]
  const guess = nearest(
    text,
    running.flatMap(({ names }) => names),
  )
  throw new CommandError(
    `no process is named ${JSON.stringify(text)}${guess === undefined ? '' : `, did you mean ${guess}?`}`,
    EXIT.NO_SUCH_PROCESS,
  )
}

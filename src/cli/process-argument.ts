import { CommandError } from './command-error.js'

/** The process that was asked for: a number, or `self` for the command's own. */
export function processArgument(text: string | undefined, fallback?: number): number {
  if (text === undefined) {
    if (fallback !== undefined) return fallback
    throw new CommandError('which process? Give its number')
  }
  if (text === 'self') return process.pid
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new CommandError(`${JSON.stringify(text)} is no process number`)
  return Number(text)
}

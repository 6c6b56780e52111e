import { spawnSync } from 'node:child_process'
import { Unavailable } from './unavailable.js'

/**
 * Runs a command to its end and returns what it printed on standard output. Throws an `Error` with what it said where it fails, `Unavailable`
 * where there is no such command.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} options
 */
export function run(command, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  if (status === 0) return stdout
  if (error?.code === 'ENOENT') throw new Unavailable(`there is no command ${command}: install it`)
  const said = `${stderr ?? ''}`.trim().split('\n').slice(-3).join('; ')
  throw new Error(`${command} ${args[0] ?? ''} ended with ${signal ?? status ?? error?.message}${said && `: ${said}`}`)
}

/** The same for a command that fetches. Where it fails, throws `Unavailable`. */
export function fetchBy(command, args, options) {
  try {
    return run(command, args, options)
  } catch (error) {
    throw new Unavailable(error.message)
  }
}

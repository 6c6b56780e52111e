import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { patient } from '../support/patient.js'

/** The command as it is published, which starts in two thirds of the time. */
export const MAIN = fileURLToPath(import.meta.resolve('../published/cli/main.js'))

/** Runs the command to its end, in a pipe. */
export function run(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: patient(120_000),
  })
  return { code: status, out: stdout, err: stderr }
}

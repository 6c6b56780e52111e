import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { patient } from '../../support/patient.js'

/** Runs a scenario of `test/pager/scenarios` in a process of its own, which may hang or crash, and returns the JSON that it printed last. */
export function inChild<T = Record<string, unknown>>(
  scenario: string,
  { args = [], timeout = 120_000, wrap = [] }: { args?: string[]; timeout?: number; wrap?: string[] } = {},
): T {
  const script = fileURLToPath(new URL(`../scenarios/${scenario}.js`, import.meta.url))
  const [command, ...rest] = [...wrap, process.execPath, '--expose-gc', script, ...args] as [string, ...string[]]
  const result = spawnSync(command, rest, { timeout: patient(timeout), killSignal: 'SIGKILL', encoding: 'utf8' })
  assert.equal(
    result.status,
    0,
    `${scenario} ${args.join(' ')} ended with ${result.status ?? result.signal}: ${result.stderr}\n${result.stdout}`,
  )
  return JSON.parse(result.stdout.trim().split('\n').at(-1)!) as T
}

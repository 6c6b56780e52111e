import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** Compiles a floor written in C on the spot and loads it: its functions, and the path where a Worker finds it until this process ends. */
export function loadFloor(source) {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-'))
  const output = join(folder, 'floor.node')
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const include = require('node-api-headers').include_dir
  const options = ['-O2', '-shared', '-fPIC', '-pthread', `-I${include}`]
  const result = spawnSync(process.env.CC ?? 'cc', [...options, fileURLToPath(source), '-o', output])
  if (result.status !== 0) throw new Error(`the floor does not compile: ${result.stderr}`)
  return { ...require(output), path: output }
}

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const output = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'build', 'bench')

/** Compiles a C addon on the spot and loads it. */
export function compileAddon(source) {
  return require(compiledAddon(source))
}

/** Compiles a C addon on the spot and returns its path. */
export function compiledAddon(source) {
  mkdirSync(output, { recursive: true })
  const path = join(output, `${basename(source, '.c')}.node`)
  const { include_dir: headers } = require('node-api-headers')
  const flags = ['-O2', '-pthread', '-shared', '-fPIC', `-I${headers}`]
  execFileSync(process.env.CC ?? 'cc', [...flags, source, '-o', path], { stdio: 'inherit' })
  return path
}

import { execFileSync, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { numbersOf } from '../compile.js'

const bench = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const output = join(dirname(bench), 'build', 'bench', 'userfaultfd')

/**
 * Builds the program over the crate userfaultfd and returns a function that runs it; `undefined`, with a word on why, where that can't
 * be. The crate makes its bindings with libclang when it is built (LIBCLANG_PATH says where that is).
 */
export function userfaultfdCrate() {
  const manifest = join(bench, 'peers', 'userfaultfd', 'Cargo.toml')
  const build = ['build', '--release', '--quiet', '--manifest-path', manifest, '--target-dir', output]
  const { status, error, stderr } = spawnSync('cargo', build, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  if (status !== 0) {
    const why =
      error !== undefined ? 'no cargo here' : /libclang/.test(stderr) ? 'no libclang here' : 'cargo could not build it'
    console.log(`the crate userfaultfd: skipped, ${why}`)
    return undefined
  }
  const program = join(output, 'release', 'vmarea-bench-userfaultfd')
  return (...args) => numbersOf(execFileSync(program, args.map(String), { encoding: 'utf8' }))
}

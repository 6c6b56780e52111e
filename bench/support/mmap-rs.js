import { execFileSync, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { numbersOf } from './compile.js'

const bench = dirname(dirname(fileURLToPath(import.meta.url)))
const output = join(dirname(bench), 'build', 'bench', 'mmap-rs')

/** Builds the program over the crate mmap-rs and returns a function that runs it; `undefined`, with a word on why, without cargo. */
export function mmapRs() {
  const manifest = join(bench, 'peers', 'mmap-rs', 'Cargo.toml')
  const build = ['build', '--release', '--quiet', '--manifest-path', manifest, '--target-dir', output]
  const { status, error } = spawnSync('cargo', build, { stdio: 'inherit' })
  if (status !== 0) {
    console.log(`mmap-rs: skipped, ${error === undefined ? 'cargo could not build it' : 'no cargo here'}`)
    return undefined
  }
  const program = join(output, 'release', 'vmarea-bench-mmap-rs')
  return (...args) => numbersOf(execFileSync(program, args.map(String), { encoding: 'utf8' }))
}

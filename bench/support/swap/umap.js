import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { numbersOf } from '../compile.js'

const SOURCE = process.env.VMAREA_UMAP ?? 'https://github.com/LLNL/umap.git'
const PROGRAM = fileURLToPath(new URL('../../peers/umap/random-access.cc', import.meta.url))

/** Fetches and builds LLNL/umap in the folder, and a program over it. Returns a function that runs that program, or the reason why not. */
export function umap(folder) {
  const source = join(folder, 'umap')
  const build = join(folder, 'build')
  const program = join(folder, 'random-access')
  const compiler = process.env.CXX?.split(' ').at(-1) ?? 'c++'
  const libraries = [`-I${join(source, 'src')}`, '-x', 'none', join(build, 'src', 'umap', 'libumap.a'), '-pthread']
  const steps = [
    [`git could not fetch ${SOURCE}, give a checkout with --umap PATH`, 'git', 'clone', '--quiet', SOURCE, source],
    ['cmake could not set it up', 'cmake', '-DCMAKE_BUILD_TYPE=Release', '-S', source, '-B', build],
    ['it could not be compiled', 'cmake', '--build', build, '--target', 'umap-static'],
    ['the program over it could not be compiled', compiler, '-O2', '-x', 'c++', PROGRAM, ...libraries, '-o', program],
  ]
  for (const [why, command, ...options] of steps) {
    const { status, error } = spawnSync(command, options, { stdio: 'ignore', timeout: 300_000 })
    if (status !== 0) return error?.code === 'ENOENT' ? `no ${command} here` : why
  }
  return (environment, ...values) => {
    const env = { ...process.env, ...environment }
    // The library logs to the same output.
    const lines = execFileSync(program, values.map(String), { encoding: 'utf8', env, timeout: 300_000 })
      .trim()
      .split('\n')
    return numbersOf(lines.findLast((line) => /^[\d. -]+$/.test(line)))
  }
}

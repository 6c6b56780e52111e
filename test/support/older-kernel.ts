import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './root.js'
import { temporaryFolder } from './temporary-folder.js'

const program = join(temporaryFolder, 'older-kernel')
let compiled: string | false | undefined

/** Why `olderKernel` can't be used here, or `false`. */
export function noOlderKernel(): string | false {
  compiled ??= compile()
  return compiled
}

/**
 * The command to run another through, for which calls that are younger than a kernel fail as they do there: `olderKernel(5, 10)`. By a filter
 * of system calls, so that it is quick, and only what a filter can show.
 */
export function olderKernel(major: number, minor: number): string[] {
  return [program, String(major * 100 + minor)]
}

function compile(): string | false {
  const source = join(root, 'test', 'support', 'older-kernel.c')
  const { status, error, stderr } = spawnSync('cc', ['-O1', '-Wall', source, '-o', program], { encoding: 'utf8' })
  if (error !== undefined) return 'there is no compiler cc'
  if (status !== 0) return `cc can't compile older-kernel.c: ${stderr}`
  const tried = spawnSync(program, ['510', 'true'], { encoding: 'utf8' })
  return tried.status !== 0 && `no filter of system calls: ${tried.stderr}`
}

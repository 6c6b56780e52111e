import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fetchBy, run } from './commands.js'
import { DebianPackages } from './debian-packages.js'

/**
 * Fetches the User-mode Linux of a suite, which requires the C library of that suite or a later one. Returns its path and version.
 *
 * @param {string} cache a folder that may be kept
 * @param {import('./machines.js').Machine} machine
 */
export function userModeKernel(cache, { suite, architecture }) {
  const folder = join(cache, 'kernels', `user-mode-${suite}`)
  const program = join(folder, 'usr', 'bin', 'linux.uml')
  if (!existsSync(program)) {
    const [archive] = new DebianPackages(cache, suite, architecture).fetch(['user-mode-linux'])
    mkdirSync(folder, { recursive: true })
    run('dpkg-deb', ['-x', archive, folder])
  }
  return { program, version: `${fetchBy(program, ['--version'])}`.trim() }
}

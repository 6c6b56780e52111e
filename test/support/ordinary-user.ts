import { spawnSync } from 'node:child_process'
import { skipUnlessRoot } from '../userfaultfd/skip.js'

/** What runs a command as a user without any privilege. */
export const ordinaryUser: readonly string[] = [
  'setpriv',
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
  '--no-new-privs',
  '--bounding-set=-all',
]

/** Why a test can't become one, or `false`. */
export function skipUnlessOrdinaryUser(): string | false {
  return skipUnlessRoot() || (spawnSync('setpriv', ['--version']).status !== 0 && 'no setpriv')
}

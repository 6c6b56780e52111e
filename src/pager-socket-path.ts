import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** The folder, one a user, of the sockets over which programs tell of their pagers. */
export function pagerSocketFolder(uid: number = userInfo().uid): string {
  return join(tmpdir(), `vmarea-${uid}`)
}

/** Where a process tells of its pagers. */
export function pagerSocketPath(pid: number): string {
  return join(pagerSocketFolder(), `${pid}.pagers`)
}

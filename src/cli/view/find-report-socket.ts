import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { REPORT_SOCKET } from '../../reports/report-socket.js'

/** `SS_UNCONNECTED` with `__SO_ACCEPTCON` among the flags: a socket that listens, in a line of /proc/net/unix. */
const LISTENS = /^\S+: \S+ \S+ 0001\d{4} 0001 \S+ +(\d+) (\/.*)$/

/**
 * The path of the socket over which a process offers its statistics, as this process reaches it; `undefined` where it offers none. It is one
 * that the process itself holds: the name of a file alone proves nothing.
 */
export function findReportSocket(pid: number): string | undefined {
  try {
    const named = new Map<string, string>()
    for (const line of readFileSync(`/proc/${pid}/net/unix`, 'utf8').split('\n')) {
      const [, inode, path] = LISTENS.exec(line) ?? []
      if (inode !== undefined && basename(path!) === REPORT_SOCKET) named.set(`socket:[${inode}]`, path!)
    }
    if (named.size === 0) return undefined
    for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
      const path = named.get(linkOf(`/proc/${pid}/fd/${descriptor}`))
      // The process may have another root.
      if (path !== undefined) return `/proc/${pid}/root${path}`
    }
  } catch {
    // It has ended, or its descriptors may not be seen.
  }
  return undefined
}

/** A descriptor may be closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

import { statSync } from 'node:fs'

const SUFFIX = ' (deleted)'

/** A file to check: its mapped range, and its name as the kernel writes it. */
export interface MappedName {
  readonly start: bigint
  readonly end: bigint
  readonly inode: bigint
  readonly pathBytes: Uint8Array
}

/**
 * Whether the file of an area has been unlinked. The kernel marks it with ` (deleted)` behind the name, but the name of an existing file
 * may end in the same way. So its links are counted through map_files; where some are left, or map_files is not permitted, the name
 * itself is looked up.
 */
export function isDeleted(pid: number | 'self', { start, end, inode, pathBytes }: MappedName): boolean {
  if (!endsInSuffix(pathBytes)) return false
  const mapped = stat(`/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`)
  if (mapped?.nlink === 0n) return true
  const name = Buffer.from(pathBytes)
  return !['', `/proc/${pid}/root`].some((root) => {
    const named = stat(Buffer.concat([Buffer.from(root), name]))
    if (named === undefined) return false
    return mapped === undefined ? named.ino === inode : named.ino === mapped.ino && named.dev === mapped.dev
  })
}

function endsInSuffix(name: Uint8Array): boolean {
  if (name.length <= SUFFIX.length) return false
  for (let index = 1; index <= SUFFIX.length; index++) {
    if (name[name.length - index] !== SUFFIX.charCodeAt(SUFFIX.length - index)) return false
  }
  return true
}

function stat(path: string | Buffer): { ino: bigint; dev: bigint; nlink: bigint } | undefined {
  try {
    return statSync(path, { bigint: true })
  } catch {
    return undefined
  }
}

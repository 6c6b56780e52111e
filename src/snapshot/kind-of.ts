import type { AreaSnapshot } from './snapshot.js'

/** What an area is for, in the order in which totals are listed. */
export const KINDS = [
  'code',
  'file',
  'shared file',
  'shared memory',
  'heap',
  'stack',
  'anonymous',
  'reserved',
  'device',
  'kernel',
] as const

export type Kind = (typeof KINDS)[number]

interface Marks {
  readonly growsDown: boolean
  readonly isDevice: boolean
}

/** Of the last flags: most neighbours of a list share one array. */
let marks: Marks = { growsDown: false, isDevice: false }
let marksAreOf: readonly string[] = []

function marksOf(flags: readonly string[]): Marks {
  if (flags === marksAreOf) return marks
  marksAreOf = flags
  marks = { growsDown: flags.includes('gd'), isDevice: ['io', 'pf', 'mm'].some((code) => flags.includes(code)) }
  return marks
}

/** The purpose of an area, by its name and flags. */
export function kindOf({ path, permissions, flags, inode }: AreaSnapshot): Kind {
  if (path === '[heap]') return 'heap'
  const { growsDown, isDevice } = marksOf(flags)
  if (path.startsWith('[stack') || growsDown) return 'stack'
  if (path === '[vdso]' || path.startsWith('[vvar') || path === '[vsyscall]' || path === '[uprobes]') return 'kernel'
  if (isDevice) return 'device'
  const shared = permissions[3] === 's'
  if (
    shared &&
    (path.startsWith('/dev/zero') ||
      path.startsWith('/memfd:') ||
      path.startsWith('/SYSV') ||
      path.startsWith('[anon_shmem'))
  )
    return 'shared memory'
  if (inode !== '0') return permissions[2] === 'x' ? 'code' : shared ? 'shared file' : 'file'
  if (permissions.startsWith('---')) return 'reserved'
  return shared ? 'shared memory' : 'anonymous'
}

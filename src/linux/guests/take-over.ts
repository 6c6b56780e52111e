import { readdirSync, readlinkSync } from 'node:fs'
import type { KnownMemory, OnGuestFailure } from '../../kernel/guest-host.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { withGuestPagemap } from './guest-pagemap.js'
import { keepers } from './keepers.js'
import { LinuxGuest, type TakenPages } from './linux-guest.js'
import { textOrNone } from './text-or-none.js'

/** Takes the userfaultfd out of a monitor whose handler has ended, or out of the keeper that the handler left: pidfd_getfd(2). */
export function takeOver(
  pid: number,
  { regions, removed }: KnownMemory,
  onFailure: OnGuestFailure,
  log: number,
): LinuxGuest {
  const pidfd = check(addon().pidfdOpen(pid), 'pidfd_open')
  try {
    const userfaultfd = takeUserfaultfd(pid)
    try {
      // Once a guest is open, its failure would be the monitor's: this comes first.
      const pages = pagesOf(pid, regions)
      const guest = new LinuxGuest({ userfaultfd, pidfd, pid, log }, regions, onFailure, () => {})
      guest.takenOver(pages, removed)
      return guest
    } catch (error) {
      closeDescriptor(userfaultfd)
      throw error
    }
  } catch (error) {
    closeDescriptor(pidfd)
    throw error
  }
}

/** Ranges of addresses that the process has, and of those that are not write-protected. */
function pagesOf(pid: number, regions: KnownMemory['regions']): TakenPages {
  const all = (scan: (start: number, end: number) => readonly (readonly [number, number])[]) =>
    regions.flatMap(({ start, length }) => scan(start, start + length))
  return withGuestPagemap(pid, (pagemap) => ({
    present: all((start, end) => pagemap.present(start, end)),
    written: all((start, end) => pagemap.written(start, end, false)),
  }))
}

const WHO_MAY =
  'taking a descriptor requires the right to trace the monitor: root, CAP_SYS_PTRACE, or its own user where it may be dumped'

function takeUserfaultfd(pid: number): number {
  const own = descriptorsOf(pid).find(({ link }) => link === 'anon_inode:[userfaultfd]')
  const place = own === undefined ? inKeeper(pid) : { holder: pid, name: own.name }
  if (place === undefined) {
    throw new VmError('ESRCH', 'pidfd_getfd', {
      hint: `process ${pid} has no userfaultfd, and no keeper holds it: start the handler with a keeper, and onFailure 'wait'`,
    })
  }
  const holder = check(addon().pidfdOpen(place.holder), 'pidfd_open')
  try {
    const taken = addon().pidfdGet(holder, place.name)
    if (taken < 0) throw new VmError(taken, 'pidfd_getfd', { hint: WHO_MAY })
    return taken
  } finally {
    closeDescriptor(holder)
  }
}

/** A keeper holds the userfaultfd of a guest at the number below the pidfd of its monitor. */
function inKeeper(pid: number): { holder: number; name: number } | undefined {
  for (const holder of keepers()) {
    for (const { name, link } of ownDescriptorsOf(holder)) {
      if (link !== 'anon_inode:[userfaultfd]') continue
      const [, owner] = /^Pid:\s*(-?\d+)/m.exec(textOrNone(`/proc/${holder}/fdinfo/${name + 1}`)) ?? []
      if (Number(owner) === pid) return { holder, name }
    }
  }
  return undefined
}

/** None of a keeper that this process may not look into, which may be of another user's handler. */
function ownDescriptorsOf(pid: number): ReturnType<typeof descriptorsOf> {
  try {
    return descriptorsOf(pid)
  } catch {
    return []
  }
}

/** By number, the lowest first. */
function descriptorsOf(pid: number): { name: number; link: string | undefined }[] {
  const folder = `/proc/${pid}/fd`
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (cause) {
    throw new VmError((cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'ESRCH' : 'EPERM', 'pidfd_getfd', {
      hint: WHO_MAY,
      cause,
    })
  }
  return names
    .map(Number)
    .sort((one, other) => one - other)
    .map((name) => ({ name, link: linkAt(`${folder}/${name}`) }))
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // It was closed meanwhile.
  }
}

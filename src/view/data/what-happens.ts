import type { PageClass } from './page-classes.js'
import type { ViewArea } from './view-area.js'

export type AccessKind = 'read' | 'write' | 'execute'

/** What an access would do. */
export interface Outcome {
  /** `goes-on`: the access succeeds, with or without a fault. `waits`: until a userfaultfd's monitor answers. */
  readonly kind: 'goes-on' | 'waits' | 'signal' | 'not-known'
  /** The kernel's name of the signal and its code, for `signal`. */
  readonly signal?: 'SIGSEGV SEGV_MAPERR' | 'SIGSEGV SEGV_ACCERR' | 'SIGBUS BUS_ADRERR'
  readonly text: string
}

/** How far below a stack an access may be that makes it grow, on this side of the default limit. */
const STACK_LIMIT = 8 * 2 ** 20

/**
 * What a read, a write or a jump of a program at a page would do: the order of questions is that of `do_user_addr_fault` and
 * `handle_mm_fault`. `area` is the one at the page, `above` the next one above it.
 */
export function whatHappens(
  access: AccessKind,
  area: ViewArea | undefined,
  above: ViewArea | undefined,
  page: PageClass | undefined,
  gapToAbove: number,
): Outcome {
  if (area === undefined) {
    if (above?.flags.includes('gd') && gapToAbove <= STACK_LIMIT) {
      return {
        kind: 'not-known',
        text: 'nothing is mapped here, but the area above grows downwards: it grows to here if its limit (ulimit -s) and the gap below it allow that, else the program gets SIGSEGV (expand_stack)',
      }
    }
    return { kind: 'signal', signal: 'SIGSEGV SEGV_MAPERR', text: 'nothing is mapped here: the program gets SIGSEGV' }
  }
  const { permissions, flags, inode, kind } = area
  const [read, write, execute, sharing] = permissions
  const isAllowed = access === 'read' ? read === 'r' : access === 'write' ? write === 'w' : execute === 'x'
  const isAny = read === 'r' || write === 'w' || execute === 'x'
  // Of the three, x86-64 asks for any of them on a read: its tables know no page that can be written and not read.
  if (access === 'read' ? !isAny : !isAllowed) {
    return {
      kind: 'signal',
      signal: 'SIGSEGV SEGV_ACCERR',
      text: `the area does not allow it (${permissions}): the program gets SIGSEGV`,
    }
  }
  if (access === 'read' && !isAllowed) {
    return {
      kind: 'not-known',
      text:
        execute === 'x' && write !== 'w'
          ? 'execute-only: with protection keys the program gets SIGSEGV, without them the read succeeds'
          : 'not readable by its permissions, but this processor reads what it can write',
    }
  }
  if (page === undefined || page === 'unknown') {
    return { kind: 'not-known', text: `the area allows it (${permissions}); how its page is, is not known` }
  }
  if (page === 'guard') {
    return { kind: 'signal', signal: 'SIGSEGV SEGV_MAPERR', text: 'a guard page: the program gets SIGSEGV' }
  }
  if (page === 'absent') return absent(access, flags, inode !== '0', sharing === 's', kind === 'device')
  if (page === 'swapped')
    return {
      kind: 'goes-on',
      text: 'a major fault: the kernel reads the page from swap, and raises SIGBUS where a mark of poison stands in its place (do_swap_page)',
    }
  if (access !== 'write')
    return { kind: 'goes-on', text: 'the page is there: no fault, but where the processor has to be shown it' }
  if (page === 'write-protected')
    return { kind: 'waits', text: 'a userfaultfd gets a write-protect fault, and the thread waits for its answer' }
  if (page === 'zero')
    return {
      kind: 'goes-on',
      text: 'a fault: the page of zeros is shared, and this process gets a page of its own (do_wp_page)',
    }
  if (page === 'file' && sharing !== 's') {
    return {
      kind: 'goes-on',
      text: 'copy on write: the process gets a copy of the page, and the file is not changed (do_wp_page)',
    }
  }
  if (sharing === 's')
    return {
      kind: 'goes-on',
      text: 'the write reaches the shared page; the first one may fault, so that the file knows it is dirty (page_mkwrite)',
    }
  return {
    kind: 'goes-on',
    text: 'the page is there: no fault, or a copy where it is shared with a child since fork (do_wp_page)',
  }
}

function absent(
  access: AccessKind,
  flags: readonly string[],
  isFile: boolean,
  isShared: boolean,
  isDevice: boolean,
): Outcome {
  if (flags.includes('um'))
    return { kind: 'waits', text: 'a userfaultfd gets a missing fault, and the thread waits for its answer' }
  if (isDevice) return { kind: 'not-known', text: 'the fault goes to the driver (vm_ops->fault), which decides' }
  if (flags.includes('ui')) {
    return {
      kind: 'waits',
      text: 'if the file has the page, a userfaultfd gets a minor fault and the thread waits; else the kernel makes it',
    }
  }
  if (isFile) {
    const copy =
      access === 'write' && !isShared
        ? ', and the process gets a copy of it (do_cow_fault)'
        : isShared && access === 'write'
          ? ' (do_shared_fault)'
          : ' (do_read_fault)'
    return {
      kind: 'goes-on',
      text: `a fault: the page comes from the page cache or the file${copy}. Past the end of the file it is SIGBUS`,
    }
  }
  if (isShared) return { kind: 'goes-on', text: 'a minor fault: the shared memory gets a page of zeros (shmem_fault)' }
  return access === 'write'
    ? { kind: 'goes-on', text: 'a minor fault: the process gets a new page of zeros (do_anonymous_page)' }
    : { kind: 'goes-on', text: 'a minor fault: the page of zeros that all share is mapped (do_anonymous_page)' }
}

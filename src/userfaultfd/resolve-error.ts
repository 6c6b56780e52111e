import { ERRNO, type ErrnoName } from '../vocabulary/errno.js'
import { errnoName } from '../vocabulary/errno-name.js'
import { hex } from '../vocabulary/hex.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { checks } from './checks.js'

/** The arguments of a failing ioctl of a userfaultfd. */
export interface ResolveErrorDetail {
  readonly address: bigint | number
  readonly length: number
  /** Bytes that were done, for calls that can end half-way. */
  readonly done?: number
  readonly pageSize: number
  readonly cause?: unknown
}

/** The error for the code of a raw call, with its meaning for that call. Throws where an argument of the call is none. */
export function resolveError(code: number, syscall: string, detail: ResolveErrorDetail): VmError | UsageError {
  // A number that is none of an address is only found here.
  checks.range(syscall, detail.address, detail.length)
  const name = errnoName(Math.abs(code)) as ErrnoName
  const address = BigInt(detail.address)
  if (name === 'EDEADLK') {
    return new UsageError(
      'ERR_VMAREA_WOULD_DEADLOCK',
      `the source of ${syscall} has a missing page whose fault only this thread could answer: take the bytes from other memory`,
    )
  }
  const hint = hintFor(name, syscall, { ...detail, address, done: detail.done ?? 0 })
  return new VmError(name in ERRNO ? name : code, syscall, {
    address,
    length: detail.length,
    ...(detail.done === undefined ? {} : { done: detail.done }),
    ...(hint === undefined ? {} : { hint }),
    ...(detail.cause === undefined ? {} : { cause: detail.cause }),
  })
}

function hintFor(
  name: ErrnoName,
  syscall: string,
  { address, length, done, pageSize }: { address: bigint; length: number; done: number; pageSize: number },
): string | undefined {
  const page = hex(address + BigInt(done))
  switch (name) {
    case 'EBADF':
      return 'the userfaultfd is closed'
    case 'EAGAIN':
      return 'the layout of the memory is changing: read the events that wait, then ask again'
    case 'EEXIST':
      if (syscall === 'UFFDIO_POISON')
        return `the page at ${page} is there already, or is write-protected while missing`
      return syscall === 'UFFDIO_MOVE'
        ? `there is a page at the destination ${page}`
        : `the page at ${page} is there already`
    case 'ESRCH':
      return 'the process whose memory it is has ended'
    case 'EBUSY':
      return syscall === 'UFFDIO_REGISTER'
        ? 'another userfaultfd has a part of it, or a part is registered for wp, which these modes leave out: unregister it first'
        : 'a page is shared, as after a fork, or pinned: copy it instead'
    case 'EPERM':
      return syscall === 'UFFDIO_REGISTER'
        ? 'the memory may never be written: it is a shared map of a file that is open for reading or sealed'
        : undefined
    case 'ENOMEM':
      return syscall === 'UFFDIO_REGISTER' || syscall === 'UFFDIO_UNREGISTER'
        ? 'the process whose memory it is has ended, or has as many areas as vm.max_map_count allows'
        : undefined
    case 'ENOENT':
      return notRegistered(syscall, page)
    case 'EFAULT':
      return syscall === 'UFFDIO_CONTINUE'
        ? `the page cache has no page for ${page}`
        : `the source can't be read, or ${page} lies past the end of its file`
    case 'EINVAL':
      return invalid(syscall, address, length, pageSize)
    default:
      return undefined
  }
}

function notRegistered(syscall: string, page: string): string {
  if (syscall === 'UFFDIO_WRITEPROTECT') return `from ${page} on it is not, in one piece, registered for wp`
  if (syscall === 'UFFDIO_MOVE')
    return `the source has a hole (allowSourceHoles passes over them), or ${page} is not registered`
  return `from ${page} on it is not, in one piece, registered with this userfaultfd`
}

function invalid(syscall: string, address: bigint, length: number, pageSize: number): string {
  if (address % BigInt(pageSize) !== 0n) return `the address is not a multiple of the page size, ${pageSize}`
  if (length === 0) return 'the range is empty'
  if (length % pageSize !== 0) return `the length is not a multiple of the page size, ${pageSize}`
  if (syscall === 'UFFDIO_REGISTER') {
    return 'nothing is mapped there, or it is not of a kind that can be registered for these modes with the features that are on'
  }
  if (syscall === 'UFFDIO_UNREGISTER') return 'this userfaultfd has nothing registered there'
  if (syscall === 'UFFDIO_MOVE')
    return 'only private anonymous memory of equal protection can be moved, onto a registered range'
  return 'the memory is not registered for this, has larger pages, or the address is not one of a program'
}

import { byteSize } from '../../snapshot/byte-size.js'
import { errnoName } from '../../vocabulary/errno-name.js'
import { hex } from '../../vocabulary/hex.js'
import { PROT } from '../../vocabulary/prot.js'
import { UFFD_EVENT_CODE } from '../../vocabulary/uffd-event-code.js'
import type { Outcome } from './outcome.js'
import { PlayError } from './play-error.js'
import type { PlayAccess, PlayProcess, PlayUserfaultfd } from './play-process.js'

/** An argument: a number, or the text of a name. */
export type Value = number | string

/** What a call acts on. */
export interface CallContext {
  readonly process: PlayProcess
  /** The call's process makes a child, which is called so afterwards. */
  readonly fork: () => void
  readonly touch: (access: PlayAccess, address: number, byte: number) => Outcome
  readonly userfaultfds: Map<number, PlayUserfaultfd>
}

/** A call: its arguments by name, those behind `?` may be left out, and what it does. */
export interface PlayCallKind {
  readonly parameters: readonly string[]
  readonly run: (context: CallContext, values: readonly Value[]) => Outcome
}

/** The longest area that may be filled. */
const MOST_BYTES = 256 * 2 ** 20
const DONE: Outcome = { kind: 'done', text: '0' }

/** The calls that a program may make, by name: system calls as their man pages have them, the ioctls of a userfaultfd, and accesses. */
export const PLAY_CALLS: Readonly<Record<string, PlayCallKind>> = {
  mmap: call('addr length prot flags fd offset', ({ calls }, [addr, length, prot, flags, fd, offset]) => {
    // A page that is filled at once takes memory of the one who looks.
    if (length! > MOST_BYTES && prot !== PROT.NONE) {
      throw new PlayError(`an area here has at most ${byteSize(MOST_BYTES)}, or PROT_NONE`)
    }
    return address(calls.mmap(BigInt(addr!), length!, prot!, flags!, fd!, offset!))
  }),
  munmap: call('addr length', ({ calls }, [addr, length]) => calls.munmap(BigInt(addr!), length!)),
  mprotect: call('addr length prot', ({ calls }, [addr, length, prot]) =>
    calls.mprotect(BigInt(addr!), length!, prot!),
  ),
  mremap: call('addr old_length new_length flags new_addr?', ({ calls }, [addr, from, to, flags, target = 0]) =>
    address(calls.mremap(BigInt(addr!), from!, to!, flags!, BigInt(target))),
  ),
  madvise: call('addr length advice', ({ calls }, [addr, length, advice]) =>
    calls.madvise(BigInt(addr!), length!, advice!),
  ),
  mlock: call('addr length', ({ calls }, [addr, length]) => calls.mlock(BigInt(addr!), length!)),
  munlock: call('addr length', ({ calls }, [addr, length]) => calls.munlock(BigInt(addr!), length!)),
  mlockall: call('flags', ({ calls }, [flags]) => calls.mlockall(flags!)),
  munlockall: call('', ({ calls }) => calls.munlockall()),
  mseal: call('addr length flags?', ({ calls }, [addr, length, flags = 0]) =>
    calls.mseal(BigInt(addr!), length!, flags),
  ),
  memfd_create: {
    parameters: ['name'],
    run: ({ process }, [name]) => number(process.memfdCreate(text(name))),
  },
  open: {
    parameters: ['path'],
    run: ({ process }, [path]) => {
      if (text(path) !== '/dev/mixed') throw new PlayError('the one file here is the device "/dev/mixed"')
      return number(process.openMixedMapDevice())
    },
  },
  ftruncate: call('fd length', (process, [fd, length]) => process.ftruncate(fd!, length!)),
  pwrite: call('fd byte offset', (process, [fd, byte, offset]) => ofCode(process.pwrite(fd!, byte!, offset!))),
  close: {
    parameters: ['fd'],
    run: ({ process, userfaultfds }, [fd]) => {
      const uffd = userfaultfds.get(numeric(fd))
      if (uffd === undefined) process.close(numeric(fd))
      else uffd.close()
      userfaultfds.delete(numeric(fd))
      return DONE
    },
  },
  fork: {
    parameters: [],
    run: ({ fork }) => {
      fork()
      return { kind: 'done', text: 'a child' }
    },
  },
  load: { parameters: ['addr'], run: ({ touch }, [addr]) => touch('load', numeric(addr), 0) },
  store: {
    parameters: ['addr', 'byte'],
    run: ({ touch }, [addr, byte]) => touch('store', numeric(addr), numeric(byte)),
  },
  jump: { parameters: ['addr'], run: ({ touch }, [addr]) => touch('jump', numeric(addr), 0) },
  userfaultfd: {
    parameters: [],
    run: ({ process, userfaultfds }) => {
      const uffd = process.userfaultfd()
      // Apart from the numbers of files, which are few.
      const descriptor = 100 + userfaultfds.size
      userfaultfds.set(descriptor, uffd)
      return number(descriptor)
    },
  },
  uffdio_register: ioctl('fd addr length mode', (uffd, [addr, length, mode]) => uffd.register(addr!, length!, mode!)),
  uffdio_unregister: ioctl('fd addr length', (uffd, [addr, length]) => uffd.unregister(addr!, length!)),
  uffdio_copy: ioctl('fd addr byte mode?', (uffd, [addr, byte, mode = 0]) => uffd.copy(addr!, byte!, mode)),
  uffdio_zeropage: ioctl('fd addr length', (uffd, [addr, length]) => uffd.zeropage(addr!, length!)),
  uffdio_poison: ioctl('fd addr length', (uffd, [addr, length]) => uffd.poison(addr!, length!)),
  uffdio_writeprotect: ioctl('fd addr length mode', (uffd, [addr, length, mode]) =>
    uffd.writeprotect(addr!, length!, mode!),
  ),
  uffd_read: {
    parameters: ['fd'],
    run: ({ userfaultfds }, [fd]) => {
      const uffd = userfaultfds.get(numeric(fd))
      if (uffd === undefined) return { kind: 'error', text: 'EBADF' }
      const message = new Uint8Array(32)
      const bytes = uffd.read(message)
      return bytes < 0 ? ofCode(bytes) : { kind: 'value', text: described(new DataView(message.buffer)) }
    },
  },
}

/** A call of numbers alone. Nothing returned is success. */
function call(
  parameters: string,
  // biome-ignore lint/suspicious/noConfusingVoidType: most calls return nothing
  run: (process: PlayProcess, values: readonly (number | undefined)[]) => Outcome | void,
): PlayCallKind {
  return {
    parameters: namesOf(parameters),
    run: ({ process }, values) => run(process, values.map(numeric)) ?? DONE,
  }
}

/** An ioctl of a userfaultfd, which answers with a code. */
function ioctl(
  parameters: string,
  run: (uffd: PlayUserfaultfd, values: readonly (number | undefined)[]) => number,
): PlayCallKind {
  return {
    parameters: namesOf(parameters),
    run: ({ userfaultfds }, [fd, ...rest]) => {
      const uffd = userfaultfds.get(numeric(fd))
      if (uffd === undefined) return { kind: 'error', text: 'EBADF' }
      return ofCode(run(uffd, rest.map(numeric)))
    },
  }
}

function namesOf(parameters: string): string[] {
  return parameters === '' ? [] : parameters.split(' ')
}

function ofCode(code: number): Outcome {
  return code < 0 ? { kind: 'error', text: errnoName(-code) } : { kind: 'done', text: String(code) }
}

function address(value: bigint): Outcome {
  return { kind: 'value', text: hex(value), value: Number(value) }
}

function number(value: number): Outcome {
  return { kind: 'value', text: String(value), value }
}

function numeric(value: Value | undefined): number {
  if (typeof value !== 'number') throw new PlayError(`a number must stand here, not ${JSON.stringify(value)}`)
  return value
}

function text(value: Value | undefined): string {
  if (typeof value !== 'string') throw new PlayError('a text in quotation marks must stand here')
  return value.slice(0, 200)
}

/** A message of a userfaultfd, as `struct uffd_msg` names it. */
function described(message: DataView): string {
  const code = message.getUint8(0)
  const name = Object.entries(UFFD_EVENT_CODE).find(([, value]) => value === code)?.[0] ?? String(code)
  const [first, second] = [message.getBigUint64(8, true), message.getBigUint64(16, true)]
  if (code !== UFFD_EVENT_CODE.PAGEFAULT) return `UFFD_EVENT_${name} ${hex(first)} ${hex(second)}`
  const flags = [first & 1n ? 'WRITE' : '', first & 2n ? 'WP' : '', first & 4n ? 'MINOR' : ''].filter(Boolean)
  return `UFFD_EVENT_PAGEFAULT at ${hex(second)}${flags.length === 0 ? '' : ` (${flags.join(', ')})`}`
}

import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import type { UserfaultfdCalls } from '../kernel/userfaultfd-calls.js'
import { UFFD } from '../vocabulary/uffd.js'
import { VmError } from '../vocabulary/vm-error.js'
import type { Mm } from './mm.js'
import { ModelUserfaultfd } from './model-userfaultfd.js'
import { Uffd } from './uffd.js'

/** How a modelled process gets its userfaultfds. Their descriptors are numbers apart from those of files. */
export class ModelUserfaultfds implements UserfaultfdCalls {
  readonly #mm: Mm
  readonly #handles = new Map<number, ModelUserfaultfd>()
  /** Descriptors that were given out, to be adopted. */
  readonly #parked = new Map<number, Uffd>()

  constructor(mm: Mm) {
    this.#mm = mm
  }

  userfaultfd(flags: number): ModelUserfaultfd {
    if (flags & ~(UFFD.USER_MODE_ONLY | UFFD.NONBLOCK | UFFD.CLOEXEC)) throw new VmError('EINVAL', 'userfaultfd')
    if (!(flags & UFFD.USER_MODE_ONLY) && !this.#mm.capabilities.has('CAP_SYS_PTRACE')) {
      throw new VmError('EPERM', 'userfaultfd', { hint: 'wants CAP_SYS_PTRACE, or USER_MODE_ONLY' })
    }
    return new ModelUserfaultfd(new Uffd(this.#mm), this)
  }

  userfaultfdFromDevice(flags: number): ModelUserfaultfd {
    return this.userfaultfd(flags)
  }

  adoptUserfaultfd(descriptor: number): RawUserfaultfd {
    const uffd = this.#parked.get(descriptor)
    if (uffd === undefined) throw new VmError('EBADF', 'userfaultfd', { hint: `descriptor ${descriptor}` })
    this.#parked.delete(descriptor)
    return new ModelUserfaultfd(uffd, this)
  }

  install(handle: ModelUserfaultfd): number {
    let descriptor = 1000
    while (this.#handles.has(descriptor) || this.#parked.has(descriptor)) descriptor++
    this.#handles.set(descriptor, handle)
    return descriptor
  }

  remove(descriptor: number): void {
    this.#handles.delete(descriptor)
  }

  park(descriptor: number, uffd: Uffd): void {
    this.#handles.delete(descriptor)
    this.#parked.set(descriptor, uffd)
  }
}

import type { UserfaultfdCalls } from '../../kernel/userfaultfd-calls.js'
import { UFFD } from '../../vocabulary/uffd.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Mm } from '../structs/mm.js'
import { Uffd } from '../structs/uffd.js'
import { ModelUserfaultfd } from './model-userfaultfd.js'

/** The userfaultfds of a modelled process. Their descriptors are numbered separately from those of files. */
export class ModelUserfaultfds implements UserfaultfdCalls {
  /** The address space of the process that has them; each may serve another one. */
  readonly mm: Mm
  readonly #handles = new Map<number, ModelUserfaultfd>()
  /** Descriptors that were handed out and not wrapped yet. */
  readonly #parked = new Map<number, Uffd>()

  constructor(mm: Mm) {
    this.mm = mm
  }

  userfaultfd(flags: number): ModelUserfaultfd {
    if (flags & ~(UFFD.USER_MODE_ONLY | UFFD.NONBLOCK | UFFD.CLOEXEC)) throw new VmError('EINVAL', 'userfaultfd')
    if (!(flags & UFFD.USER_MODE_ONLY) && !this.mm.capabilities.has('CAP_SYS_PTRACE')) {
      throw new VmError('EPERM', 'userfaultfd', { hint: 'requires CAP_SYS_PTRACE, or USER_MODE_ONLY' })
    }
    return new ModelUserfaultfd(new Uffd(this.mm), this)
  }

  userfaultfdFromDevice(flags: number): ModelUserfaultfd {
    return this.userfaultfd(flags)
  }

  adoptUserfaultfd(descriptor: number): ModelUserfaultfd {
    const uffd = this.#parked.get(descriptor)
    if (uffd === undefined) throw new VmError('EBADF', 'userfaultfd', { hint: `descriptor ${descriptor}` })
    this.#parked.delete(descriptor)
    return new ModelUserfaultfd(uffd, this)
  }

  install(handle: ModelUserfaultfd): number {
    const descriptor = this.#free()
    this.#handles.set(descriptor, handle)
    return descriptor
  }

  remove(descriptor: number): void {
    this.#handles.delete(descriptor)
  }

  /** Registers a userfaultfd whose descriptor is handed out: that of a handle, or a new one. Returns the descriptor. */
  park(uffd: Uffd, descriptor = this.#free()): number {
    this.#handles.delete(descriptor)
    this.#parked.set(descriptor, uffd)
    return descriptor
  }

  /** `exit_files`: closes all of them when the process exits. */
  closeAll(): void {
    for (const descriptor of [...this.#parked.keys()]) this.adoptUserfaultfd(descriptor)
    for (const handle of [...this.#handles.values()]) handle.close()
  }

  #free(): number {
    let descriptor = 1000
    while (this.#handles.has(descriptor) || this.#parked.has(descriptor)) descriptor++
    return descriptor
  }
}

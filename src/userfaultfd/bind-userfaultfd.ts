import type { Kernel } from '../kernel/kernel.js'
import type { ReceiveOptions } from '../kernel/userfaultfd-calls.js'
import type { UserfaultfdSupport } from './negotiate-features.js'
import { type ReceivedUserfaultfd, Userfaultfd } from './userfaultfd.js'
import type { UserfaultfdOptions } from './userfaultfd-options.js'

/** The ways to come by a {@link Userfaultfd} of one process. */
export interface BoundUserfaultfd {
  /** See {@link Userfaultfd.create}. */
  create(options?: UserfaultfdOptions): Userfaultfd
  /** See {@link Userfaultfd.fromRawDescriptor}. */
  fromRawDescriptor(
    descriptor: number,
    options?: { setNonblocking?: boolean; whenServerEnds?: 'poison' | 'wait' },
  ): Userfaultfd
  /** See {@link Userfaultfd.receive}. */
  receive(socketPath: string, options?: ReceiveOptions): Promise<ReceivedUserfaultfd>
  /** See {@link Userfaultfd.support}. */
  support(options?: { userModeOnly?: boolean }): UserfaultfdSupport
}

/** Binds the constructors of {@link Userfaultfd} to a process's kernel, which is only asked for when one of them is called. */
export function bindUserfaultfd(kernel: () => Kernel): BoundUserfaultfd {
  return {
    create: (options) => Userfaultfd.create(kernel(), options),
    fromRawDescriptor: (descriptor, options) => Userfaultfd.fromRawDescriptor(kernel(), descriptor, options),
    receive: (socketPath, options) => Userfaultfd.receive(kernel(), socketPath, options),
    support: (options) => Userfaultfd.support(kernel(), options),
  }
}

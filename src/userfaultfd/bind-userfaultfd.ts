import type { Kernel } from '../kernel/kernel.js'
import type { ReceiveOptions } from '../kernel/userfaultfd-calls.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
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
  /** `value instanceof Userfaultfd` */
  [Symbol.hasInstance](value: unknown): value is Userfaultfd
}

const whenServerEnds = ['poison', 'wait'] as const
const adoptRules = { setNonblocking: 'boolean', whenServerEnds } as const
const receiveRules: OptionRules<ReceiveOptions> = {
  connect: 'boolean',
  toEnd: 'boolean',
  whenServerEnds,
  signal: 'signal',
}
const supportRules = { userModeOnly: 'boolean' } as const

/** Binds the constructors of {@link Userfaultfd} to a process's kernel, which is only asked for when one of them is called. */
export function bindUserfaultfd(kernel: () => Kernel): BoundUserfaultfd {
  return {
    create: (options = {}) => Userfaultfd.create(kernel(), options),
    fromRawDescriptor(descriptor, options = {}) {
      const checked = checkOptions('Userfaultfd.fromRawDescriptor()', options, adoptRules)
      return Userfaultfd.fromRawDescriptor(kernel(), descriptor, checked)
    },
    // Rejects: its users await it.
    async receive(socketPath, options = {}) {
      return Userfaultfd.receive(kernel(), socketPath, checkOptions('Userfaultfd.receive()', options, receiveRules))
    },
    support: (options = {}) =>
      Userfaultfd.support(kernel(), checkOptions('Userfaultfd.support()', options, supportRules)),
    [Symbol.hasInstance]: (value): value is Userfaultfd => value instanceof Userfaultfd,
  }
}

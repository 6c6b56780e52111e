import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { checks } from './checks.js'
import type { HeldUserfaultfd } from './held-userfaultfd.js'
import { unsupported } from './unsupported.js'

export interface SendOptions {
  readonly message?: Uint8Array | string
  readonly descriptors?: readonly number[]
  readonly listen?: boolean
  readonly signal?: AbortSignal
}

const sendRules: OptionRules<SendOptions> = {
  message: {
    must: 'a text or a Uint8Array',
    holds: (value) => typeof value === 'string' || value instanceof Uint8Array,
  },
  descriptors: {
    each: 'a descriptor, a number from 0 on',
    element: (value) => Number.isInteger(value) && Number(value) >= 0,
  },
  listen: 'boolean',
  signal: 'signal',
}

/** Sends a userfaultfd over a Unix socket: see `Userfaultfd.send`. */
export async function sendUserfaultfd(held: HeldUserfaultfd, socketPath: string, options: SendOptions): Promise<void> {
  checks.socketPath('send()', socketPath)
  const { message = '\n', ...rest } = checkOptions('send()', options, sendRules)
  held.checkHeld()
  const { userfaultfds } = held.kernel
  if (userfaultfds.send === undefined) {
    throw unsupported(held.kernel, 'descriptors can not be sent between processes')
  }
  if (!held.open) throw new VmError('EBADF', 'sendmsg', { hint: 'the userfaultfd is closed' })
  const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message
  if (bytes.length === 0) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      'a descriptor needs a message of at least one byte to travel with',
    )
  }
  await userfaultfds.send(held.raw, socketPath, { ...rest, message: bytes })
}

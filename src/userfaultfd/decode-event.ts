import { UFFD_EVENT_CODE } from '../vocabulary/uffd-event-code.js'
import { UFFD_FAULT_FLAG } from '../vocabulary/uffd-fault-flag.js'
import type { UffdEvent } from './uffd-event.js'
import type { UffdMessages } from './uffd-messages.js'
import type { Userfaultfd } from './userfaultfd.js'

/** The event in a message. `adopt` wraps the descriptor of a fork event. */
export function decodeEvent(
  messages: UffdMessages,
  index: number,
  adopt: (descriptor: number) => Userfaultfd,
): UffdEvent {
  const code = messages.code(index)
  const start = BigInt(messages.start(index))
  const end = BigInt(messages.end(index))
  switch (code) {
    case UFFD_EVENT_CODE.PAGEFAULT: {
      const flags = messages.flags(index)
      return {
        kind: 'pagefault',
        address: BigInt(messages.address(index)),
        fault: flags & UFFD_FAULT_FLAG.WP ? 'wp' : flags & UFFD_FAULT_FLAG.MINOR ? 'minor' : 'missing',
        write: (flags & UFFD_FAULT_FLAG.WRITE) !== 0,
        threadId: messages.threadId(index) || undefined,
        flags,
      }
    }
    case UFFD_EVENT_CODE.FORK:
      return { kind: 'fork', child: adopt(messages.descriptor(index)) }
    case UFFD_EVENT_CODE.REMAP:
      return { kind: 'remap', from: start, to: end, length: messages.length(index) }
    case UFFD_EVENT_CODE.REMOVE:
      return { kind: 'remove', start, end }
    case UFFD_EVENT_CODE.UNMAP:
      return { kind: 'unmap', start, end }
    default:
      return { kind: 'unknown', code, bytes: messages.bytes.slice(index * 32, (index + 1) * 32) }
  }
}

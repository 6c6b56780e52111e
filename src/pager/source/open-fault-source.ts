import type { UserfaultfdCalls } from '../../kernel/userfaultfd-calls.js'
import { openUserfaultfd } from '../../userfaultfd/open-userfaultfd.js'
import type { FaultSourceName } from '../../vocabulary/fault-source-name.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { OpenedFaultSource } from './opened-fault-source.js'
import { OpenedGuard } from './opened-guard.js'
import { OpenedUserfaultfd } from './opened-userfaultfd.js'

/** The longest deadline, in milliseconds: 24 days. */
const LONGEST = 2 ** 31 - 1

export interface FaultSourceRequest {
  /** The requested source; `undefined` for the best that the machine allows. */
  readonly name: FaultSourceName | undefined
  /** The `UFFD_FEATURE` bits that a userfaultfd must have. */
  readonly features: bigint
  /** Whether the guard may serve this memory where userfaultfd is refused. It can serve maps of a memory file alone. */
  readonly guard: boolean
  /** The longest wait of a thread for one fault, in milliseconds. `Infinity` is no limit. */
  readonly deadline: number
}

/** Opens a fault source on the program's side. Throws `VmError`, which names what was tried. */
export function openFaultSource(calls: UserfaultfdCalls, request: FaultSourceRequest): OpenedFaultSource {
  const { name, guard } = request
  if (name === 'model')
    throw new VmError('EINVAL', 'open', { hint: 'on the running kernel no faults come from the model' })
  if (name === 'guard') {
    if (guard) return new OpenedGuard()
    throw new VmError('EINVAL', 'open', {
      hint: 'the guard takes faults of devices alone: this memory needs a userfaultfd',
    })
  }
  try {
    return open(calls, request)
  } catch (error) {
    if (name === undefined && guard && error instanceof VmError) return new OpenedGuard()
    throw error
  }
}

function open(calls: UserfaultfdCalls, { name, features, deadline }: FaultSourceRequest): OpenedFaultSource {
  const userModeOnly = name === undefined ? undefined : name === 'userfaultfd-user-mode-only'
  const { raw, way } = openUserfaultfd(calls, userModeOnly)
  try {
    raw.api(features)
    raw.setDeadline!(Math.min(Math.ceil(deadline), LONGEST))
  } catch (error) {
    raw.close()
    throw error
  }
  return new OpenedUserfaultfd(raw, way === 'user-mode-only' ? 'userfaultfd-user-mode-only' : 'userfaultfd')
}

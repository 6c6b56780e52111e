import { missingRight } from '../../linux/proc/open-proc-file.js'
import '../../linux/areas/linux-address-space.js'
import { Mm } from '../../mm/mm.js'
import type { MmWithUser } from '../../mm/mm-with-user.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'

/** The memory of one program that runs in a process. */
export interface OpenProcess extends Disposable {
  readonly mm: Mm
  readonly user: MmWithUser
}

/** Opens the memory of a process. Throws `CommandError` where there is none or it may not be looked at. */
export function openProcess(pid: number): OpenProcess {
  let mm: Mm | undefined
  try {
    mm = Mm.of(pid)
    const user = mm.mmgetNotZero()
    if (user === undefined) throw new CommandError(`process ${pid} has ended`, EXIT.NO_SUCH_PROCESS)
    const opened = mm
    return {
      mm,
      user,
      [Symbol.dispose]() {
        user[Symbol.dispose]()
        opened[Symbol.dispose]()
      },
    }
  } catch (error) {
    mm?.[Symbol.dispose]()
    throw explain(error, pid)
  }
}

function explain(error: unknown, pid: number): unknown {
  if (!(error instanceof VmError)) return error
  switch (error.code) {
    case 'ESRCH':
      return new CommandError(`there is no process ${pid}`, EXIT.NO_SUCH_PROCESS)
    case 'EINVAL':
      return new CommandError(
        `process ${pid} is a thread of the kernel, which has no memory of its own`,
        EXIT.NO_SUCH_PROCESS,
      )
    case 'EACCES':
    case 'EPERM':
      return new CommandError(missingRight(pid), EXIT.NOT_PERMITTED)
    default:
      return error
  }
}

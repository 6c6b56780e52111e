import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hasProc } from '../../linux/proc/has-proc.js'
import { missingRight } from '../../linux/proc/open-proc-file.js'
import { procError } from '../../linux/proc/proc-error.js'
import { waitingThreads } from '../../linux/userfaultfd/waiting-threads.js'
import { VmError } from '../../vocabulary/vm-error.js'

/** The threads of a process that wait for a fault to be answered, and its userfaultfds that have faults. */
export interface Stuck {
  readonly pid: number
  readonly threads: readonly { readonly threadId: number; readonly name: string }[]
  /** `unread`: faults that no thread has read yet; `waiting`: all that wait, read or not. `null` where the kernel does not report it. */
  readonly userfaultfds: readonly {
    readonly descriptor: number
    readonly unread: number | null
    readonly waiting: number | null
  }[]
}

/** Looks at a process. Throws `VmError` `ESRCH` where there is none, `EACCES` where it may not be looked at. */
export function stuck(pid: number): Stuck {
  const folder = `/proc/${pid}/fd`
  let entries: string[]
  try {
    entries = readdirSync(folder)
  } catch (error) {
    if (!hasProc()) throw procError(error, folder, 'lists the descriptors of a process')
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new VmError(missing ? 'ESRCH' : 'EACCES', 'open', {
      path: folder,
      hint: missing ? `there is no process ${pid} here` : missingRight(pid),
      cause: error,
    })
  }
  const userfaultfds = entries
    .filter((entry) => attempt(() => readlinkSync(`${folder}/${entry}`)) === 'anon_inode:[userfaultfd]')
    .map((entry) => {
      const text = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${entry}`, 'latin1')) ?? ''
      return { descriptor: Number(entry), unread: field(text, 'pending'), waiting: field(text, 'total') }
    })
  return { pid, threads: waitingThreads(pid).map(({ threadId, name }) => ({ threadId, name })), userfaultfds }
}

/** The lines that `doctor PID` shows. */
export function* describeStuck({ pid, threads, userfaultfds }: Stuck): Generator<string> {
  if (userfaultfds.length === 0) yield `process ${pid} holds no userfaultfd`
  for (const { descriptor, unread, waiting } of userfaultfds) {
    yield `userfaultfd ${descriptor}: ${waiting ?? 'unknown'} waiting, ${unread ?? 'unknown'} of them not read yet`
  }
  if (threads.length === 0) yield 'no thread of it is seen to wait for a fault to be answered'
  for (const { threadId, name } of threads) yield `thread ${threadId} (${name}) waits for a fault to be answered`
}

function field(text: string, name: string): number | null {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]
  return value === undefined ? null : Number(value)
}

/** A descriptor or a process can go between two looks. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

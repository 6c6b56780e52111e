import { openSync } from 'node:fs'
import { fileCallError } from '../../vocabulary/errors/file-call-error.js'
import { VmError } from '../../vocabulary/vm-error.js'

/**
 * Opens `/proc/PID/NAME` for reading. Throws `VmError`: `ESRCH` for a process that is not there, `EACCES` or `EPERM`, with the right
 * that is missing, for one that may not be looked at.
 */
export function openProcFile(pid: number | 'self', name: string): number {
  const path = `/proc/${pid}/${name}`
  try {
    return openSync(path, 'r')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') throw absent(path, pid, name, error)
    if (code === 'EACCES' || code === 'EPERM')
      throw new VmError(code, 'open', { path, hint: missingRight(pid), cause: error })
    if (code === 'EMFILE' || code === 'ENFILE') throw new VmError(code, 'open', { path, cause: error })
    throw fileCallError(error, 'open', path)
  }
}

/** The right that this process lacks to look at another one's memory. */
export function missingRight(pid: number | 'self'): string {
  if (pid === 'self')
    return 'a process that has changed its user may not look into itself (prctl PR_SET_DUMPABLE), nor one in a container that hides /proc'
  return (
    `looking into process ${pid} needs the same user as it has, or CAP_SYS_PTRACE (CAP_PERFMON does on newer kernels), ` +
    'and no fewer capabilities than it holds'
  )
}

function absent(path: string, pid: number | 'self', name: string, cause: unknown): VmError {
  if (pid === 'self')
    return new VmError('ENOENT', 'open', { path, hint: `this kernel or container has no ${path}`, cause })
  return new VmError('ESRCH', 'open', { path, hint: `there is no process ${pid} here that has ${name}`, cause })
}

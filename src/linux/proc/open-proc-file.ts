import { closeSync, fstatSync, openSync } from 'node:fs'
import { fileCallError } from '../../vocabulary/errors/file-call-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { hasProc } from './has-proc.js'
import { procError } from './proc-error.js'

/** What the files are needed for. */
const DOES: Readonly<Record<string, string>> = {
  maps: 'lists the areas of a process',
  smaps: 'has the flags and the use of areas',
  pagemap: 'has the states of pages',
}

/**
 * Opens `/proc/PID/NAME` for reading. Throws `VmError`: `ESRCH` for a process that is not there, `EACCES` or `EPERM`, with the right
 * that is missing, for one that may not be looked at.
 */
export function openProcFile(pid: number | 'self', name: string): number {
  const path = `/proc/${pid}/${name}`
  try {
    return notHidden(openSync(path, 'r'), path, name)
  } catch (error) {
    if (error instanceof VmError) throw error
    const { code } = error as NodeJS.ErrnoException
    const isAbsent = code === 'ENOENT' || code === 'ESRCH'
    if (isAbsent && (pid === 'self' || !hasProc())) throw procError(error, path, DOES[name] ?? 'is needed')
    if (isAbsent) {
      throw new VmError('ESRCH', 'open', {
        path,
        hint: `there is no process ${pid} here that has ${name}`,
        cause: error,
      })
    }
    if (code === 'EACCES' || code === 'EPERM')
      throw new VmError(code, 'open', { path, hint: missingRight(pid), cause: error })
    if (code === 'EMFILE' || code === 'ENFILE') throw new VmError(code, 'open', { path, cause: error })
    throw fileCallError(error, 'open', path)
  }
}

/** A container that hides a file puts /dev/null over it, which would read as that of a process that has ended. */
function notHidden(descriptor: number, path: string, name: string): number {
  if (!fstatSync(descriptor).isCharacterDevice()) return descriptor
  closeSync(descriptor)
  throw new VmError('ENOENT', 'open', {
    path,
    hint: `this file ${DOES[name] ?? 'is needed'}, and this container hides it`,
  })
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

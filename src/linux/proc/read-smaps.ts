import { closeSync, readFileSync } from 'node:fs'
import { fileCallError } from '../../vocabulary/errors/file-call-error.js'
import { openProcFile } from './open-proc-file.js'
import { SmapsTable } from './smaps-table.js'

/** All areas of a process with their flags, none where it has ended. Throws `VmError`, as `openProcFile`. */
export function readSmaps(pid: number): SmapsTable {
  const descriptor = openProcFile(pid, 'smaps')
  try {
    const bytes = readFileSync(descriptor)
    const table = new SmapsTable()
    table.addAll(bytes, 0, bytes.length, true)
    return table
  } catch (error) {
    throw fileCallError(error, 'read', `/proc/${pid}/smaps`)
  } finally {
    closeSync(descriptor)
  }
}

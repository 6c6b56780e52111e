import type { Mapping } from '../../mapping/mapping.js'
import { thisProcess } from '../../this-process.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { expect } from './expect.js'
import type { Stop } from './stop.js'

export const walkThePermissions: Stop = {
  title: 'Walk the permissions',
  show({ file }) {
    const process = thisProcess()
    const lines: string[] = []
    const seen = (call: string, mapping: Mapping, wanted: string) => {
      const area = process.kernel.addressSpace.lookup(mapping.start)
      const rights = area && `${area.readable ? 'r' : '-'}${area.writable ? 'w' : '-'}${area.executable ? 'x' : '-'}`
      expect(rights === wanted, `the kernel to say ${wanted} after ${call}, and it says ${rights}`)
      lines.push(`${call.padEnd(28)} ${mapping.constructor.name.padEnd(9)} the kernel says ${rights}`)
    }
    const none = process.mapNone({ file })
    seen('mapNone({ file })', none, '---')
    const readOnly = none.makeReadOnly()
    seen('none.makeReadOnly()', readOnly, 'r--')
    const mutable = readOnly.makeMut()
    seen('readOnly.makeMut()', mutable, 'rw-')
    const bytes = mutable.bytes
    bytes[0]! ^= 0xff
    const executable = mutable.makeExec()
    seen('mutable.makeExec()', executable, 'r-x')
    lines.push(`the old view has ${bytes.length} bytes, and mutable.bytes throws ${codeOf(() => mutable.bytes)}`)
    lines.push(
      `executable.makeExecMut() throws ${codeOf(() => executable.makeExecMut())}: writable and executable at once is asked for`,
    )
    executable.unmap()
    return lines
  },
}

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof UsageError) return error.code
    throw error
  }
  throw new Error('expected an error')
}

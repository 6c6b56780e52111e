import type { Mapping } from '../../mapping/handle/mapping.js'
import { thisProcess } from '../../this-process.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { codesOfFlags } from '../../vocabulary/vm-flag-codes.js'
import { expect } from './expect.js'
import type { Stop } from './stop.js'

export const walkThePermissions: Stop = {
  title: 'Change what may be done with memory',
  explanation: `The class of a handle says what may be done with its memory; a method that changes it returns a new handle. The kernel's view is beside it:
    r, w and x are readable, writable and executable. The flags are those of /proc/PID/smaps: rd, wr and ex say the same, mr, mw and me that it
    may be made so, and ac that the memory counts against the machine's limit.`,
  show({ file }) {
    const process = thisProcess()
    const lines: string[] = []
    const seen = (call: string, mapping: Mapping, wanted: string) => {
      // Under the guard, no thread of this process changes the layout through the library.
      using user = process.mm.mmgetNotZero()
      using guard = user?.mmapReadLock()
      const area = guard?.vmaLookup(mapping.start)
      const rights = area && `${area.readable ? 'r' : '-'}${area.writable ? 'w' : '-'}${area.executable ? 'x' : '-'}`
      expect(rights === wanted, `the kernel to say ${wanted} after ${call}, and it says ${rights}`)
      const flags = codesOfFlags(area?.flags ?? 0n).join(' ')
      lines.push(`${call.padEnd(24)} ${mapping.constructor.name.padEnd(8)} the kernel says ${rights}: ${flags}`)
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
      `executable.makeExecMut() throws ${codeOf(() => executable.makeExecMut())}, unless the mapping was made with jit: true`,
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

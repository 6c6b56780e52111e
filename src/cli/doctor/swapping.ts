import { LinuxKernel } from '../../linux/linux-kernel.js'
import { openSwapSource } from '../../pager/swap/program/open-swap-source.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Capability } from './capability.js'
import { newerKernel } from './newer-kernel.js'

/** Milliseconds, of which none passes: nothing faults. */
const DEADLINE = 1000

const EFAULT = 'a system call on a page that is out fails with EFAULT (read and write of the package wait for it)'

/** What is needed to swap memory. */
export function* swapping(): Generator<Capability> {
  const purpose = 'openSwap: pages leave while the program writes to them'
  const { userfaultfds } = new LinuxKernel()
  try {
    const { source, way } = openSwapSource(userfaultfds, { name: undefined, files: true, deadline: DEADLINE })
    const { name } = source
    source.close()
    const found = `source: ${name}; private pages leave by ${way === 'move' ? 'UFFDIO_MOVE' : 'write protection and a copy'}`
    const fallback = name === 'userfaultfd' ? [] : [EFAULT]
    if (way !== 'move') fallback.push('each page is copied, and a madvise(2) of native code frees resident pages alone')
    if (fallback.length === 0) yield { name: 'swap', available: true, purpose, found }
    else {
      const remedy =
        way === 'move'
          ? 'the full userfaultfd (above)'
          : newerKernel('6.8', 'a userfaultfd with the feature move (above)')
      yield { name: 'swap', available: false, purpose, found, fallback: fallback.join('; '), remedy }
    }
  } catch (error) {
    if (!(error instanceof VmError)) throw error
    const remedy = 'a userfaultfd (above) with write protection and poison: features of Linux 6.6'
    yield { name: 'swap', available: false, purpose, found: error.message, remedy }
  }
}

import type { SwapPart } from '../../../kernel/swap/swaps.js'
import type { LinuxKernel } from '../../../linux/linux-kernel.js'
import { readProcFile } from '../../../linux/proc/read-proc-file.js'
import { VmError } from '../../../vocabulary/vm-error.js'

/** The types of file systems whose files are memory. */
const OF_MEMORY: readonly string[] = ['tmpfs', 'devtmpfs']
/** How the name of a file begins that `memfd_create` has made. Its file system is mounted nowhere. */
const MEMFD = '/memfd:'

/**
 * Throws `EINVAL` where shared memory is that of a file of a disk, whose content would be lost in the holes. For the guard alone: a
 * userfaultfd itself refuses such memory.
 */
export function checkMemoryFiles(kernel: LinuxKernel, parts: readonly SwapPart[]): void {
  const shared = parts.filter(({ file }) => file !== undefined)
  if (shared.length === 0) return
  const types = mountedTypes()
  for (const { region, offset, length } of shared) {
    const address = region.start + BigInt(offset)
    const { deviceMajor, deviceMinor, pathBytes } = kernel.addressSpace.lookup(address)!
    const type = types.get(`${deviceMajor}:${deviceMinor}`)
    const isMemory =
      type === undefined ? Buffer.from(pathBytes).toString('latin1').startsWith(MEMFD) : OF_MEMORY.includes(type)
    if (isMemory) continue
    throw new VmError('EINVAL', 'swap', {
      address,
      length,
      hint: 'of shared memory only memory files can be swapped, not files of a disk',
    })
  }
}

/** The types of the mounted file systems, by the numbers of their devices. */
function mountedTypes(): Map<string, string> {
  const types = new Map<string, string>()
  for (const line of readProcFile('/proc/self/mountinfo', 'tells which files are memory').split('\n')) {
    const [mount, system] = line.split(' - ')
    if (system !== undefined) types.set(mount!.split(' ')[2]!, system.split(' ')[0]!)
  }
  return types
}

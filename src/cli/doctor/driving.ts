import { LinuxKernel } from '../../linux/linux-kernel.js'
import { openDeviceSource } from '../../pager/device/program/open-device-source.js'
import { GuardSource } from '../../pager/source/guard-source.js'
import type { FaultSourceName } from '../../vocabulary/fault-source-name.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Capability } from './capability.js'
import { newerKernel } from './newer-kernel.js'

/** Milliseconds, of which none passes: nothing faults. */
const DEADLINE = 1000

/** What each source of faults can't do, as a sentence. */
const LIMITS: Readonly<Partial<Record<FaultSourceName, string>>> = {
  'userfaultfd-user-mode-only':
    'fs.write and other system calls that are given a page that is not there fail with EFAULT (read, write and ready of the package wait for it)',
  guard:
    'fs.write and other system calls that are given a page that is not there fail with EFAULT (read, write and ready of the package wait for it); /proc/PID/maps shows parts of a device without permission',
}

/** What is needed to drive memory. */
export function* driving(): Generator<Capability> {
  const kernel = new LinuxKernel()
  const source = openDeviceSource(kernel.userfaultfds, undefined, DEADLINE)
  const { name } = source
  source.close()
  const limits = LIMITS[name]
  yield {
    name: 'device faults',
    available: true,
    purpose: 'devices: drivers behind memory',
    found: name === 'userfaultfd' ? 'source: userfaultfd' : `source: ${name}; ${refusal(kernel)}`,
    ...(limits === undefined
      ? {}
      : {
          limits,
          remedy:
            'the full userfaultfd (above), with missing and minor faults of shared memory, and poison: features of Linux 6.6',
        }),
  }
  const markers = guardMarkers()
  yield {
    name: '  guard markers',
    available: markers,
    purpose: 'devices through the guard: showing a page makes no area',
    found: markers ? 'works' : 'not in maps of files',
    ...(markers
      ? {}
      : {
          fallback: 'each run of pages shown alike is an area of its own, of which a process has only so many',
          remedy: newerKernel('6.15', 'a container whose seccomp filter lets the advice MADV_GUARD_INSTALL pass'),
        }),
  }
}

/** Why the full userfaultfd is not the one. */
function refusal(kernel: LinuxKernel): string {
  try {
    openDeviceSource(kernel.userfaultfds, 'userfaultfd', DEADLINE).close()
    return ''
  } catch (error) {
    if (!(error instanceof VmError) && !(error instanceof UsageError)) throw error
    return error.message
  }
}

function guardMarkers(): boolean {
  const source = new GuardSource()
  const { usesGuardMarkers } = source
  source.close()
  return usesGuardMarkers
}

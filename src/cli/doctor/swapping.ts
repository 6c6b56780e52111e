import { LinuxKernel } from '../../linux/linux-kernel.js'
import { openSwapSource } from '../../pager/swap/program/open-swap-source.js'
import type { SwapWay } from '../../pager/swap/swap-way.js'
import type { Capability } from './capability.js'
import { newerKernel } from './newer-kernel.js'

/** Milliseconds, of which none passes: nothing faults. */
const DEADLINE = 1000

const WAYS: Readonly<Record<SwapWay, string>> = {
  move: 'by UFFDIO_MOVE',
  'write-protect': 'by write protection and a copy',
  guard: 'in place, hidden by their permission',
}

const EFAULT =
  'fs.write and other system calls that are given a page that is out fail with EFAULT (read and write of the package wait for it)'
const ADVICE = 'a madvise(2) of native code frees resident pages alone'
const AREAS = 'each run of pages that are out is an area; native code must not unmap or protect the memory by itself'

/** What is needed to swap memory. */
export function* swapping(): Generator<Capability> {
  const { userfaultfds } = new LinuxKernel()
  const { source, way, refused } = openSwapSource(userfaultfds, { name: undefined, files: true, deadline: DEADLINE })
  const { name } = source
  source.close()
  const limits = [
    ...(name === 'userfaultfd' ? [] : [EFAULT]),
    ...(way === 'move' ? [] : [ADVICE]),
    ...(way === 'guard' ? [AREAS] : []),
  ]
  const how = {
    name: 'swap',
    available: true,
    purpose: 'openSwap: pages leave while the program writes to them',
    found: `source: ${name}; private pages leave ${WAYS[way]}${refused === undefined ? '' : `; ${refused.message}`}`,
  }
  if (limits.length === 0) yield how
  else {
    const full = 'the full userfaultfd (above)'
    const remedy = way === 'write-protect' ? newerKernel('6.8', `${full}, with the feature move`) : full
    yield { ...how, limits: limits.join('; '), remedy }
  }
}

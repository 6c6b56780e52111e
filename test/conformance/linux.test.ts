import { test } from 'node:test'
import { type ConformanceCapability, conformance } from '../published/conformance.js'
import { type MmapMut, mapMut, pageSize, thisProcess, Userfaultfd, VmError } from '../published/index.js'

// What a limit, a right or an older kernel may take away is asked for once.
const capabilities: ConformanceCapability[] = ['views', 'other-processes', 'devices']
if (allows((memory) => memory.lock())) capabilities.push('locked-memory')
if (allows((memory) => memory.advise('guard_install'))) capabilities.push('guard-pages')
if (catches('event_remove', 'event_unmap', 'poison')) capabilities.push('userfaultfd')
if (catches('pagefault_flag_wp')) capabilities.push('write-protection')

conformance({ test, factory: thisProcess, capabilities })

function allows(act: (memory: MmapMut) => void): boolean {
  using memory = mapMut({ length: pageSize() })
  return !refuses(() => act(memory))
}

function catches(...features: ('event_remove' | 'event_unmap' | 'poison' | 'pagefault_flag_wp')[]): boolean {
  // Faults of the kernel's own copies are caught too, which the suite's accesses are.
  return !refuses(() => Userfaultfd.create({ features, userModeOnly: false }).close())
}

function refuses(act: () => void): boolean {
  try {
    act()
    return false
  } catch (error) {
    if (error instanceof VmError) return true
    throw error
  }
}

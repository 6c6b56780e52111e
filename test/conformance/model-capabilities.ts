import type { ConformanceCapability } from '#vmarea/conformance.js'

export const MODEL_CAPABILITIES: readonly ConformanceCapability[] = [
  'locked-memory',
  'userfaultfd',
  'write-protection',
  'guard-pages',
  'devices',
]

import { hasCapability } from '../../linux/proc/has-capability.js'

const CAPABILITY = {
  CAP_IPC_LOCK: 14,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
  CAP_CHECKPOINT_RESTORE: 40,
} as const

/** Whether this process holds a capability. */
export function holds(name: keyof typeof CAPABILITY): boolean {
  return hasCapability(CAPABILITY[name])
}

import { kernelFile } from './kernel-file.js'

const CAPABILITY = {
  CAP_IPC_LOCK: 14,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
  CAP_CHECKPOINT_RESTORE: 40,
} as const

/** Whether this process holds a capability, by the effective set in /proc/self/status. */
export function holds(name: keyof typeof CAPABILITY): boolean {
  const set = /^CapEff:\s+([0-9a-f]+)$/m.exec(kernelFile('/proc/self/status') ?? '')?.[1]
  return set !== undefined && ((BigInt(`0x${set}`) >> BigInt(CAPABILITY[name])) & 1n) === 1n
}

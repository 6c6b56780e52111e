import { readFileSync } from 'node:fs'

/** `PF_KTHREAD` of include/linux/sched.h. */
const PF_KTHREAD = 0x0020_0000

/** Whether the process is a thread of the kernel, which has no memory of its own. `false` where that can't be read. */
export function isKernelThread(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name is in parentheses and may contain parentheses. The flags are the seventh field after it.
    const flags = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6]
    return (Number(flags) & PF_KTHREAD) !== 0
  } catch {
    return false
  }
}

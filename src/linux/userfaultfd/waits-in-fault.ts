import { procText } from './proc-text.js'

/**
 * Whether a thread waits for a userfaultfd's fault to be answered, by its folder in /proc.
 *
 * `wchan` shows it from Linux 5.16 on. Before, `wchan` is `0` for each thread on x86-64, and reading `stack` requires CAP_SYS_ADMIN.
 * Without that, `syscall` shows that a thread sleeps outside of a system call, as it does in a fault; a thread that waits inside a system
 * call is missed.
 */
export function waitsInFault(folder: string): boolean {
  const place = procText(`${folder}/wchan`)
  if (place !== '0') return place === 'handle_userfault'
  const stack = procText(`${folder}/stack`)
  if (stack !== '') return stack.includes('handle_userfault')
  // Waiting for a disk is another state, `D`.
  return procText(`${folder}/syscall`).startsWith('-1 ') && /^State:\s+S/m.test(procText(`${folder}/status`))
}

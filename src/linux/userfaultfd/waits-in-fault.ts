import { procText } from './proc-text.js'

/**
 * Whether a thread waits for a userfaultfd's fault to be answered, by its folder in /proc.
 *
 * `wchan` says so from Linux 5.16 on. Before, it says `0` of each thread of x86-64, and `stack` may be read with CAP_SYS_ADMIN alone. To others
 * `syscall` tells that a thread sleeps and made no system call, which a fault does; a thread that waits inside of a system call is not seen.
 */
export function waitsInFault(folder: string): boolean {
  const place = procText(`${folder}/wchan`)
  if (place !== '0') return place === 'handle_userfault'
  const stack = procText(`${folder}/stack`)
  if (stack !== '') return stack.includes('handle_userfault')
  // Waiting for a disk is another state, `D`.
  return procText(`${folder}/syscall`).startsWith('-1 ') && /^State:\s+S/m.test(procText(`${folder}/status`))
}

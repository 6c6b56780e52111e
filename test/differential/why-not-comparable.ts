import { readFileSync } from 'node:fs'
import { release } from 'node:os'

/** Why the model can't be compared with the running kernel here, or `false` where it can. */
export function whyNotComparable(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'requires Linux on x86-64'
  if (process.getuid?.() !== 0) return 'requires the capabilities of root'
  const [major = 0, minor = 0] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  // The kernel shows the flag where it uses it.
  if (/^flags\b.* la57\b/m.test(readFileSync('/proc/cpuinfo', 'latin1')))
    return 'the model has four levels of page tables, and this machine five: the kernel parameter no5lvl makes them four'
  if (major !== 6 || minor !== 18) return `the model is of Linux 6.18, and this is ${release()}`
  return false
}

import { release } from 'node:os'

/** Why the model can't be compared with the running kernel here, or `false` where it can. */
export function whyNotComparable(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'requires Linux on x86-64'
  if (process.getuid?.() !== 0) return 'requires the capabilities of root'
  const [major = 0, minor = 0] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  if (major !== 6 || minor !== 18) return `the model is of Linux 6.18, and this is ${release()}`
  return false
}

/** Why the model can't be compared with the running kernel here, or `false` where it can. */
export function whyNotComparable(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'wants Linux on x86-64'
  if (process.getuid?.() !== 0) return 'wants the capabilities of root'
  return false
}

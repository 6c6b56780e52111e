import { readFileSync } from 'node:fs'

/** The trimmed text of a small file of the kernel's, or `undefined` where it can't be read. */
export function kernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return undefined
  }
}

import { readFileSync } from 'node:fs'

/** The text of a file of /proc, empty where the process has ended or the file can't be read. */
export function textOrNone(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

import { readFileSync } from 'node:fs'

/** The text of a file of /proc; empty where it can't be read, because the thread has ended or may not be looked at. */
export function procText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

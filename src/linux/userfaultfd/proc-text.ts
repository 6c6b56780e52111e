import { readFileSync } from 'node:fs'

/** What a file of /proc says; nothing where it can't be read: a thread can end between two looks, and another's may not be looked at. */
export function procText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

import { readFileSync } from 'node:fs'
import { printable } from '../printable.js'

/** The command line of a process, or its name where it has none; `''` where neither can be read. */
export function commandLine(pid: number): string {
  for (const file of ['cmdline', 'comm']) {
    try {
      const text = readFileSync(`/proc/${pid}/${file}`, 'utf8').replace(/[\0\n]+$/, '')
      if (text !== '') return printable(text.replaceAll('\0', ' '))
    } catch {
      // The process has ended.
    }
  }
  return ''
}

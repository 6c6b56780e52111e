import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../support/temporary-folder.js'
import { patternOf } from './monitor.js'

let count = 0

/** The path of a new memory file of so many base pages, as monitor.c expects them. */
export function memoryFile(pages: number): string {
  const path = join(temporaryFolder, `memory-${count++}`)
  writeFileSync(path, patternOf(pages))
  return path
}

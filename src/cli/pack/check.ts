import type { PackedFile } from '../../devices/blocks/packed-file.js'
import { EXIT } from '../exit-code.js'
import { printable } from '../printable.js'

/** Unpacks every block and tells which are damaged. Returns the exit code. */
export function check(file: PackedFile): number {
  let damaged = 0
  for (const block of file.index) {
    try {
      file.read(block, true)
    } catch (error) {
      damaged++
      process.stdout.write(`${printable((error as Error).message)}\n`)
    }
  }
  const { count } = file.index
  const blocks = `${count} block${count === 1 ? '' : 's'}`
  process.stdout.write(
    `${printable(file.path)}: ${damaged === 0 ? `${blocks}, all whole` : `${damaged} of ${blocks} damaged`}\n`,
  )
  return damaged === 0 ? EXIT.OK : EXIT.FAILED
}

import type { PackedFile } from '../../devices/blocks/packed-file.js'
import { EXIT } from '../exit-code.js'
import { printJson } from '../print-json.js'
import { printable } from '../printable.js'

/** Unpacks every block and tells which are damaged. Returns the exit code. */
export function check(file: PackedFile, json: boolean): number {
  const damaged: { block: number; message: string }[] = []
  for (const block of file.index) {
    try {
      file.read(block, true)
    } catch (error) {
      const { message } = error as Error
      damaged.push({ block: block.number, message })
      if (!json) process.stdout.write(`${printable(message)}\n`)
    }
  }
  const { count } = file.index
  const code = damaged.length === 0 ? EXIT.OK : EXIT.FAILED
  if (json) {
    printJson({ path: file.path, blocks: count, damaged })
    return code
  }
  const blocks = `${count} block${count === 1 ? '' : 's'}`
  process.stdout.write(
    `${printable(file.path)}: ${damaged.length === 0 ? `${blocks}, all whole` : `${damaged.length} of ${blocks} damaged`}\n`,
  )
  return code
}

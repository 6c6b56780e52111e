import { CODECS } from '../../devices/blocks/codecs.js'
import type { PackedFile } from '../../devices/blocks/packed-file.js'
import { unpackFile } from '../../devices/blocks/unpack-file.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { byteSize } from '../byte-size.js'
import { CommandError } from '../command-error.js'
import { printJson } from '../print-json.js'
import { printable } from '../printable.js'
import { fileError } from './file-error.js'
import { interruptible } from './interruptible.js'
import { refuseJsonBeside } from './refuse-json-beside.js'
import { writeOut } from './write-out.js'

/** Unpacks into `output`, which may be `-`; into the file's name without its ending where there is none. */
export async function unpack(
  file: PackedFile,
  output: string | undefined,
  { force, json }: { readonly force: boolean; readonly json: boolean },
): Promise<void> {
  const target = output ?? usualOutput(file)
  if (json) refuseJsonBeside(target, 'unpacked')
  if (target === '-') {
    for (const block of file.index) await writeOut(file.read(block))
    return
  }
  await interruptible(async (signal) => {
    try {
      await unpackFile(file, target, { force, signal })
    } catch (error) {
      const { syscall, code } = error as NodeJS.ErrnoException
      if (error instanceof VmError || (syscall === undefined && code !== 'EEXIST')) throw error
      throw fileError('write', target, error as NodeJS.ErrnoException)
    }
  })
  const { size } = file.index.shape
  if (json) {
    printJson({ input: file.path, output: target, size })
    return
  }
  process.stdout.write(`${printable(file.path)} -> ${printable(target)} · ${byteSize(size) || '0'}\n`)
}

function usualOutput({ path, index }: PackedFile): string {
  const { extension } = CODECS[index.shape.algorithm]
  if (path.endsWith(extension) && path.length > extension.length) return path.slice(0, -extension.length)
  throw new CommandError(`${printable(path)} does not end in ${extension}: say with -o FILE where it goes`)
}

import { PackedFile } from '../../devices/blocks/packed-file.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { CommandError } from '../command-error.js'
import { fileError } from './file-error.js'

/** Opens a packed file. What is none is the command line's mistake; a damaged one is a failure. */
export function openPacked(path: string): PackedFile {
  try {
    return new PackedFile(path)
  } catch (error) {
    if (error instanceof VmError && error.code === 'EINVAL') throw new CommandError(error.message)
    if (error instanceof VmError && error.code !== 'EIO') throw fileError('read', path, error)
    throw error
  }
}

import { closeSync, constants, openSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileCallError } from '../../vocabulary/errors/file-call-error.js'
import type { FileStoreOptions } from './file-store-options.js'

/** `O_TMPFILE` of Linux, which Node does not name. */
const TMPFILE = 0o20000000 | constants.O_DIRECTORY
const EXCLUSIVE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL
const MODE = 0o600

let count = 0

/** Opens the file of a store, mode 0600: a new one at `path`, or one without a name in `folder`. Throws `VmError` with the path. */
export function openStoreFile({ folder = tmpdir(), path }: FileStoreOptions): number {
  if (path !== undefined) return attempt(path, () => openSync(path, EXCLUSIVE, MODE))
  try {
    return openSync(folder, constants.O_RDWR | constants.O_EXCL | TMPFILE, MODE)
  } catch (error) {
    // EOPNOTSUPP: the file system has no such files. EISDIR: the kernel does not know the flag, and opens a folder.
    if (!/^(EOPNOTSUPP|ENOTSUP|EISDIR|EINVAL)$/.test((error as NodeJS.ErrnoException).code ?? ''))
      throw asVmError(error, folder)
  }
  const name = join(folder, `.vmarea-swap-${process.pid}-${Date.now()}-${count++}`)
  const descriptor = attempt(name, () => openSync(name, EXCLUSIVE, MODE))
  try {
    unlinkSync(name)
  } catch (error) {
    closeSync(descriptor)
    throw asVmError(error, name)
  }
  return descriptor
}

function attempt(path: string, open: () => number): number {
  try {
    return open()
  } catch (error) {
    throw asVmError(error, path)
  }
}

function asVmError(error: unknown, path: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  const hint =
    code === 'EEXIST'
      ? 'the path of a file store must not exist yet'
      : 'give the file store a folder that can be written to'
  return fileCallError(error, syscall ?? 'open', path, hint)
}

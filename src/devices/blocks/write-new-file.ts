import { randomBytes } from 'node:crypto'
import { type FileHandle, link, lstat, open, realpath, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { WriteOptions } from './write-options.js'

/**
 * Writes a file as a whole or not at all: under another name in the same folder, then to the disk, and only then under its own name.
 * A program that opens it meanwhile finds the old content.
 */
export async function writeNewFile<Result>(
  path: string,
  { force = false, mode = 0o666 }: WriteOptions,
  write: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const target = await whatItNames(path)
  const there = await lstat(target).catch(unlessMissing)
  if (there !== undefined && !(force && there.isFile())) throw alreadyThere(path, there.isFile())
  const folder = dirname(target)
  const temporary = join(folder, `.vmarea-${randomBytes(8).toString('hex')}.partial`)
  const file = await open(temporary, 'wx', mode)
  try {
    const result = await write(file)
    await file.sync()
    await file.close()
    if (force) await rename(temporary, target)
    else await renameToNew(temporary, target)
    await syncFolder(folder)
    return result
  } catch (error) {
    await file.close()
    await unlink(temporary).catch(() => {})
    throw error
  }
}

/** The file that symbolic links lead to: the links stay. */
async function whatItNames(path: string): Promise<string> {
  return (await realpath(path).catch(unlessMissing)) ?? path
}

/** link(2) refuses a name that was created meanwhile, which rename(2) would replace; but not every file system has links. */
async function renameToNew(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(target, true)
    if ((await lstat(target).catch(unlessMissing)) !== undefined) throw alreadyThere(target, true)
    await rename(temporary, target)
    return
  }
  await unlink(temporary)
}

/** Synchronizes the folder, so that the name is on the disk. Ignores a folder that can't be read or synchronized. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function alreadyThere(path: string, regular: boolean): Error {
  const why = regular ? 'is there already, and is replaced only by force' : 'is there already, and is no regular file'
  return Object.assign(new Error(`${path} ${why}`), { code: 'EEXIST', path })
}

import { fileURLToPath } from 'node:url'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { BlocksOptions } from './blocks-options.js'

const USUAL_CACHE = 4 << 20

/** The options with their defaults. Throws `ERR_VMAREA_INVALID_ARGUMENT`. */
export function checkBlocksOptions(options: BlocksOptions): { path: string; cache: number } {
  const { path, cache = USUAL_CACHE } = (options ?? {}) as BlocksOptions
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw refusal(`driver.path is the path of a packed file, or its file: URL as text, not ${String(path)}`)
  if (!Number.isSafeInteger(cache) || cache < 0)
    throw refusal(`driver.cache is a number of bytes, 0 or more, not ${String(cache)}`)
  return { path: pathOf(path), cache }
}

function pathOf(path: string): string {
  if (!path.startsWith('file:')) return path
  try {
    return fileURLToPath(path)
  } catch (error) {
    throw refusal(`driver.path is no file: URL: ${(error as Error).message}`)
  }
}

function refusal(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}

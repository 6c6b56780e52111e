import { fileURLToPath } from 'node:url'
import { checkOptions } from '../../../vocabulary/options/check-options.js'
import { showValue } from '../../../vocabulary/options/show-value.js'
import { UsageError } from '../../../vocabulary/usage-error.js'
import type { BlocksOptions } from '../blocks-options.js'
import { blocksOptionRules } from './blocks-option-rules.js'

const USUAL_CACHE = 4 << 20

/** The options with their defaults. Throws `ERR_VMAREA_INVALID_ARGUMENT`. */
export function checkBlocksOptions(given: BlocksOptions, call: string): Required<BlocksOptions> {
  const { path, cache = USUAL_CACHE } = checkOptions(call, given, blocksOptionRules, ['path'])
  return { path: pathOf(path, call), cache }
}

function pathOf(path: string, call: string): string {
  if (!path.startsWith('file:')) return path
  try {
    return fileURLToPath(path)
  } catch (cause) {
    const why = (cause as Error).message
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `path of ${call} must be a path or a file: URL, and is ${showValue(path)}: ${why}`,
      { cause },
    )
  }
}

import { checkOptions } from '../../../vocabulary/options/check-options.js'
import { showValue } from '../../../vocabulary/options/show-value.js'
import { UsageError } from '../../../vocabulary/usage-error.js'
import type { Algorithm } from '../algorithm.js'
import type { Codec } from '../codec.js'
import { CODECS } from '../codecs.js'
import { LAYOUT } from '../layout.js'
import type { PackOptions } from '../pack-options.js'
import { packOptionRules } from './pack-option-rules.js'

/** The options with their defaults. Throws `ERR_VMAREA_INVALID_ARGUMENT`. */
export function checkPackOptions(
  given: PackOptions,
  call: string,
): {
  algorithm: Algorithm
  codec: Codec
  level: number
  blockSize: number
  signal: AbortSignal | undefined
} {
  const {
    algorithm = 'gzip',
    blockSize = LAYOUT.usualBlockSize,
    level,
    signal,
  } = checkOptions(call, given, packOptionRules)
  const codec = CODECS[algorithm]
  const { least, most, usual } = codec.level
  if (level !== undefined && (level < least || level > most)) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `level of ${call} must be a whole number from ${least} to ${most} for ${algorithm}, and is ${showValue(level)}`,
    )
  }
  return { algorithm, codec, level: level ?? usual, blockSize, signal }
}

import { UsageError } from '../../vocabulary/usage-error.js'
import type { Algorithm } from './algorithm.js'
import type { Codec } from './codec.js'
import { CODECS } from './codecs.js'
import { LAYOUT } from './layout.js'
import type { PackOptions } from './pack-options.js'

/** The options with their defaults. Throws `ERR_VMAREA_INVALID_ARGUMENT`. */
export function checkPackOptions(options: PackOptions): {
  algorithm: Algorithm
  codec: Codec
  level: number
  blockSize: number
  signal: AbortSignal | undefined
} {
  const { algorithm = 'gzip', blockSize = LAYOUT.usualBlockSize, signal } = options
  if (!Object.hasOwn(CODECS, algorithm))
    throw refusal(`algorithm is ${Object.keys(CODECS).join(' or ')}, not ${String(algorithm)}`)
  const codec = CODECS[algorithm]
  const { level = codec.level.usual } = options
  const { least, most } = codec.level
  if (!Number.isInteger(level) || level < least || level > most)
    throw refusal(`level is a number from ${least} to ${most} for ${algorithm}, not ${String(level)}`)
  const step = LAYOUT.blockSizeStep
  if (!Number.isInteger(blockSize) || blockSize < step || blockSize > LAYOUT.largestBlockSize || blockSize % step !== 0)
    throw refusal(`blockSize is a multiple of ${step} up to ${LAYOUT.largestBlockSize}, not ${String(blockSize)}`)
  return { algorithm, codec, level, blockSize, signal }
}

function refusal(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}

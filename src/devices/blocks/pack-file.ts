import { constants, createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { checkOptions } from '../../vocabulary/options/check-options.js'
import { checkPackOptions } from './options/check-pack-options.js'
import { packOptionRules } from './options/pack-option-rules.js'
import { writeOptionRules } from './options/write-option-rules.js'
import type { PackOptions } from './pack-options.js'
import { packStream } from './pack-stream.js'
import type { PackSummary } from './pack-summary.js'
import { writeNewFile } from './write-new-file.js'
import type { WriteOptions } from './write-options.js'

const READ_AHEAD = 1 << 20

/**
 * Packs a file, or a stream of bytes, into a new file, which appears only when it is complete and on the disk. The permissions of a file
 * are copied to the new one.
 *
 * @throws Node's error of the call that failed; `EEXIST` when `output` is there and may not be replaced; `ERR_VMAREA_INVALID_ARGUMENT`
 */
export async function packFile(
  input: string | AsyncIterable<Uint8Array>,
  output: string,
  options: PackOptions & WriteOptions = {},
): Promise<PackSummary> {
  const { force, mode, ...packing } = checkOptions('packFile()', options, {
    ...packOptionRules,
    ...writeOptionRules,
  })
  checkPackOptions(packing, 'packFile()')
  const writing: WriteOptions = { ...(force === undefined ? {} : { force }), ...(mode === undefined ? {} : { mode }) }
  if (typeof input !== 'string') return writePacked(input, output, packing, writing)
  const file = await open(input, constants.O_RDONLY | constants.O_NOCTTY)
  try {
    const { mode } = await file.stat()
    const source = createReadStream('', { fd: file, autoClose: false, highWaterMark: READ_AHEAD })
    return await writePacked(source, output, packing, { mode: mode & 0o777, ...writing })
  } finally {
    await file.close()
  }
}

function writePacked(
  source: AsyncIterable<Uint8Array>,
  output: string,
  packing: PackOptions,
  writing: WriteOptions,
): Promise<PackSummary> {
  return writeNewFile(output, writing, async (file) => {
    const packed = packStream(source, packing)
    for (;;) {
      const { done, value } = await packed.next()
      if (done) return value
      await file.writeFile(value)
    }
  })
}

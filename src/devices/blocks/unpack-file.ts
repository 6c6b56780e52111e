import { BLOCK_KIND } from './block-kind.js'
import type { PackedFile } from './packed-file.js'
import { writeNewFile } from './write-new-file.js'
import type { WriteOptions } from './write-options.js'

/**
 * Unpacks to a new file with the permissions of the packed one. Blocks of zeros become holes.
 *
 * @throws as {@link writeNewFile}; `VmError` `EIO` at the first block that is damaged
 */
export function unpackFile(packed: PackedFile, output: string, options: WriteOptions = {}): Promise<void> {
  return writeNewFile(output, { mode: packed.mode, ...options }, async (file) => {
    for (const block of packed.index) {
      options.signal?.throwIfAborted()
      if (block.kind === BLOCK_KIND.ZEROS) continue
      const bytes = packed.read(block)
      for (let done = 0; done < bytes.length; ) {
        done += (await file.write(bytes, done, bytes.length - done, block.start + done)).bytesWritten
      }
    }
    await file.truncate(packed.index.shape.size)
  })
}

import { defineDevice } from '../device/define-device.js'
import { VM } from '../vocabulary/vm.js'
import { VmError } from '../vocabulary/vm-error.js'
import { BlockReader } from './blocks/block-reader.js'
import type { BlocksOptions } from './blocks/blocks-options.js'
import { checkBlocksOptions } from './blocks/options/check-blocks-options.js'
import { PackedFile } from './blocks/packed-file.js'
import { checkDriverOptions } from './check-driver-options.js'

export type { Algorithm } from './blocks/algorithm.js'
export { packFile } from './blocks/pack-file.js'
export type { PackOptions } from './blocks/pack-options.js'
export type { PackSummary } from './blocks/pack-summary.js'
export type { WriteOptions } from './blocks/write-options.js'
export type { BlocksOptions }

/**
 * The device `blocks`: what `packFile` or `vmarea pack` has packed, as memory. It is as long as what was packed, and can't be written; a
 * private mapping can, and keeps what is written to itself.
 *
 * A file that is no packed file, or whose index is damaged, is refused when the device is opened. A block that is damaged, or gone because
 * the file was cut short meanwhile, fails an access to it with `EIO`; the others stay readable.
 *
 * ```ts
 * const device = await openDevice(import.meta.resolve('vmarea/devices/blocks'), { driver: { path: 'data.gz' } })
 * ```
 */
export default defineDevice<BlocksOptions>((options) => {
  const { path, cache } = checkDriverOptions(() => checkBlocksOptions(options, 'the device blocks'))
  const file = new PackedFile(path)
  const reader = new BlockReader(file, cache)
  return {
    size: file.index.shape.size,
    mmap(vma) {
      if (!(vma.flags & VM.MAYSHARE)) return
      if (vma.flags & VM.WRITE)
        throw new VmError('EACCES', 'mmap', { path, hint: 'what is packed can be read only: map it private to write' })
      vma.tryClearMaywrite()
    },
    fault({ offset, bytes }) {
      reader.read(offset, bytes)
    },
    close() {
      file.close()
    },
  }
})

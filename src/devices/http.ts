import { defineDevice } from '../device/define-device.js'
import { VmError } from '../vocabulary/vm-error.js'
import { checkDriverOptions } from './check-driver-options.js'
import { checkHttpOptions } from './http/check-http-options.js'
import { HttpObject } from './http/http-object.js'
import type { HttpOptions } from './http/http-options.js'

export type { HttpOptions } from './http/http-options.js'

/**
 * The device `http`: the memory is an object on a server, read by ranges as it is touched.
 *
 * @remarks Invariant: all that it ever shows is of the one version of the object that was there when it was opened. Once the server has
 * another, each touch of a page that is not in memory fails with `ESTALE`.
 *
 * @example
 * const driver = { url: 'https://example.org/object' } satisfies HttpOptions
 * await using device = await openDevice(import.meta.resolve('vmarea/devices/http'), { driver })
 * using memory = device.map()
 */
export default defineDevice<HttpOptions>(async (given, device) => {
  const options = checkDriverOptions(() => checkHttpOptions(given, 'the device http'))
  const object = await HttpObject.open(options, device.signal)
  return {
    size: object.version.size,
    open() {
      // After a restart, too: what an earlier version left in memory must not stand beside this one.
      if (options.etag === undefined) device.invalidate(0, object.version.size)
    },
    mmap(vma) {
      // What is written to the device's own pages would never reach the server. Private copies may be written.
      if (!vma.shared) return
      if (vma.writable)
        throw new VmError('EACCES', 'mmap', { hint: 'an object read over HTTP is mapped shared for reading alone' })
      vma.tryClearMaywrite()
    },
    fault: (fault) => object.read(fault.offset, fault.bytes, fault.signal),
    close: () => object.close(),
  }
})

import type { ModelKernel } from '../../model/kernel/model-kernel.js'
import { Page } from '../../model/structs/page.js'
import { VM } from '../../vocabulary/vm.js'

const PAGES = 16

/**
 * Opens a device of which a driver's `mmap` hook puts pages into a mixed map, as `VmaNew.setMixedmap` and `VmaMixedMap.vmInsertPage` do:
 * the first page when it is mapped, and each other one when it is touched. Returns its descriptor.
 */
export function openMixedMapDevice({ devices, machine, pageSize }: ModelKernel): number {
  const pages = Array.from({ length: PAGES }, () => new Page('driver', pageSize, 1))
  return devices.openDevice(
    {
      mmap(area) {
        area.changeFlags(VM.MIXEDMAP | VM.DONTEXPAND, 0n)
        if (area.offset === 0n) area.insertPage(area.start, pages[0]!)
      },
      fault(fault) {
        const page = pages[Math.floor(fault.offset / machine.pageSize)]
        if (page !== undefined) fault.answer(page)
      },
    },
    { size: PAGES * pageSize },
  )
}

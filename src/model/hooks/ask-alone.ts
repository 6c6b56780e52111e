import type { AccessWaiter } from './access-waiter.js'
import { DeviceRequest } from './device-request.js'
import type { Driver } from './driver.js'
import { ModelArea } from './model-area.js'

/** Asks the `fault` hook for the one page that an access requires, after the hook refused the run that contained it. */
export function askAlone({ inode, requests }: Driver, waiter: AccessWaiter): void {
  const { vma, access } = waiter
  const pending = requests.joinable(waiter.offset)
  if (vma === undefined) waiter.settle()
  else if (pending !== undefined) requests.join(pending, waiter)
  else {
    const asked = { ...access, area: ModelArea.of(vma) }
    requests.request(DeviceRequest.fill(asked, waiter.offset, inode.machine.pageSize), waiter)
  }
}

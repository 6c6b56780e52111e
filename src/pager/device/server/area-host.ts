import type { AddressSpace } from '../../../kernel/address-space.js'
import type { RawPage } from '../../../kernel/raw-page.js'
import { LinuxAddressSpace } from '../../../linux/areas/linux-address-space.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { PageEntries } from '../../source/page-entries.js'
import { driverPage } from './complete-request.js'
import type { DeviceAreaHost } from './device-area.js'
import type { DeviceMap } from './device-map.js'
import type { ServedDevice } from './served-device.js'

/** The calls of a driver about the areas that its hooks are given or that it looks up. */
export class AreaHost implements DeviceAreaHost {
  readonly inode: bigint
  readonly #device: () => ServedDevice
  #entries: PageEntries | undefined
  #addressSpace: LinuxAddressSpace | undefined

  constructor(device: () => ServedDevice, inode: bigint) {
    this.#device = device
    this.inode = inode
  }

  get addressSpace(): AddressSpace {
    this.#addressSpace ??= new LinuxAddressSpace('self', {
      insertPage: (address, page) => this.insertPage(address, page),
    })
    return this.#addressSpace
  }

  /** `vm_insert_page` */
  insertPage(address: bigint, page: RawPage): void {
    const device = this.#device()
    const map = device.maps.at(Number(address))
    const at = Number(address) - (Number(address) % device.pageSize)
    if (map === undefined) throw new VmError('EFAULT', 'vm_insert_page', { address })
    const found = driverPage(device, page, 'vm_insert_page')
    if (this.#isThere(device, map, at)) throw new VmError('EBUSY', 'vm_insert_page', { address })
    device.overlays.insert(map, at, found)
    requestAt(device, at)?.noteInserted()
  }

  /** `zap_page_range_single` */
  zap(address: bigint, size: number): void {
    this.#device().view.zap(Number(address), size)
  }

  #isThere(device: ServedDevice, map: DeviceMap, address: number): boolean {
    if (map.area.hookRunning) return map.inserted.has(address)
    // A page with a pending request counts as absent, even if the page table has it (P1).
    if (requestAt(device, address) !== undefined) return false
    this.#entries ??= new PageEntries(device.pageSize)
    return this.#entries.isThere(address)
  }
}

/** The request for the page that was touched at the address. */
function requestAt({ requests }: ServedDevice, address: number) {
  return requests.pending.find(({ page }) => page === address)
}

import type { DeviceObserver } from './device/device-observer.js'
import type { MappingObserver } from './mapping/memory/observer.js'

import type { SwapObserver } from './swap/swap-observer.js'

/** Hears of what happens to the mappings, the devices and the swaps of a process. */
export interface ProcessObserver extends MappingObserver, DeviceObserver, SwapObserver {}

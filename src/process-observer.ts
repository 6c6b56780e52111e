import type { DeviceObserver } from './device/device-observer.js'
import type { MappingObserver } from './mapping/memory/observer.js'

/** Hears of what happens to the mappings and the devices of a process. */
export interface ProcessObserver extends MappingObserver, DeviceObserver {}

import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'
import type { DeviceChange } from './device/device-observer.js'
import type { MappingChange } from './mapping/memory/observer.js'
import type { ProcessObserver } from './process-observer.js'
import type { Swap } from './swap/swap.js'
import type { SwapChange } from './swap/swap-observer.js'
import { hex } from './vocabulary/hex.js'
import type { MemoryFault } from './vocabulary/memory-fault.js'
import { VmError } from './vocabulary/vm-error.js'

/** A message on the channel `vmarea:fault`. */
export interface FaultMessage {
  /** The fault: its address, its kind and its reason. */
  readonly fault: MemoryFault
  /** The mapping, in words. */
  readonly mapping: string
}

/** A message on the channel `vmarea:change`. */
export interface ChangeMessage {
  /** What was done to the mapping. */
  readonly change: MappingChange
  /** The first address of its range after the change, or of its last range where it was unmapped. */
  readonly start: bigint
  /** The address after the last byte of that range. */
  readonly end: bigint
}

/** A message on the channel `vmarea:device`. */
export interface DeviceMessage {
  /** What happened to the device. */
  readonly change: DeviceChange
  /** The URL of its driver. */
  readonly driver: string
  /** What it died of. */
  readonly cause: Error | undefined
}

/** A message on the channel `vmarea:swap`. */
export interface SwapMessage {
  /** `failure`: pages can't leave RAM. `recovery`: they can again. `death`: the thread of the swap has ended. */
  readonly change: SwapChange
  /** The swap to which it happened. */
  readonly swap: Swap
  /** What the store threw, or what the thread died of. */
  readonly cause: Error | undefined
}

const MAY_WAIT_FOR_ITSELF =
  ' The thread runs nothing while it waits for the page: if the driver needs it (does its server run on this thread?), use readAsync() or ' +
  'device.ready(), or run that elsewhere.'

/**
 * Tells of this process's mappings and devices: on diagnostics channels, and of a mapping's first unanswered fault, and of
 * the death of a driver, by a process warning.
 * `NODE_DEBUG=vmarea` prints what the channels carry.
 */
export function diagnostics(): ProcessObserver {
  let exiting = false
  process.once('exit', () => {
    exiting = true
  })
  const warn = (message: string, details: { type: string; code?: string; detail: string }) => {
    if (!exiting) return process.emitWarning(message, details)
    // emitWarning waits for the next tick, which does not come.
    const { type, ...rest } = details
    process.emit('warning', Object.assign(new Error(message), { name: type }, rest))
  }
  const faults = channel('vmarea:fault')
  const changes = channel('vmarea:change')
  const devices = channel('vmarea:device')
  const swaps = channel('vmarea:swap')
  const warned = new WeakSet<Swap>()
  const debug = debuglog('vmarea')
  if (debug.enabled) {
    faults.subscribe((message) =>
      debug('fault: %s in %s', (message as FaultMessage).fault.message, (message as FaultMessage).mapping),
    )
    changes.subscribe((message) => {
      const { change, start, end } = message as ChangeMessage
      debug('%s %s-%s', change, hex(start), hex(end))
    })
    devices.subscribe((message) => {
      const { change, driver, cause } = message as DeviceMessage
      debug('%s of the device of %s%s', change, driver, cause === undefined ? '' : `: ${cause.message}`)
    })
  }
  return {
    fault(fault, { mapping, first }) {
      if (first) {
        const why = fault.cause instanceof Error ? ` (${fault.cause.message})` : ''
        warn(`${fault.message}${why} in ${mapping}; what was read there is not the memory, and writes are not in it`, {
          type: 'VmareaFault',
          code: fault.code,
          detail: `Use access(), read() or write() to have such faults thrown where they happen.${isLate(fault) ? MAY_WAIT_FOR_ITSELF : ''}`,
        })
      }
      if (faults.hasSubscribers) faults.publish({ fault, mapping } satisfies FaultMessage)
    },
    change(change, range) {
      if (!changes.hasSubscribers) return
      changes.publish({ change, start: range.start, end: range.end } satisfies ChangeMessage)
    },
    device(change, driver, cause) {
      if (change === 'death') {
        warn(`the driver ${shorten(driver)} has ended: ${cause?.message ?? 'for an unknown reason'}`, {
          type: 'VmareaDevice',
          detail: 'Pages that are not in memory are unavailable until device.restart() is called.',
        })
      }
      if (devices.hasSubscribers) devices.publish({ change, driver, cause } satisfies DeviceMessage)
    },
    swap(change, swap, cause) {
      if (change === 'death') {
        warn(`the thread of a swap has ended: ${cause?.message ?? 'the cause is unknown'}`, {
          type: 'VmareaSwap',
          detail: 'An access to a page that is not in memory fails until restart() is called.',
        })
      } else if (change === 'failure' && !warned.has(swap)) {
        warned.add(swap)
        warn(`pages of swapped memory can't leave RAM: ${cause?.message ?? 'the cause is unknown'}`, {
          type: 'VmareaSwap',
          detail: 'They stay where they are, and the store is tried again: see failure of the swap.',
        })
      }
      if (swaps.hasSubscribers) swaps.publish({ change, swap, cause } satisfies SwapMessage)
    },
  }
}

/** Whether a driver did not answer in time. */
function isLate({ reason, cause }: MemoryFault): boolean {
  return reason === 'driver' && cause instanceof VmError && cause.code === 'ETIMEDOUT'
}

/** A `data:` URL is its whole text. */
function shorten(url: string): string {
  return url.length <= 200 ? url : `${url.slice(0, 200)}…`
}

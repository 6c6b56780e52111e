import { UsageError } from '../vocabulary/usage-error.js'
import type { DeviceDriver } from './device-driver.js'

/**
 * Imports a driver module and returns its default export. Rejects with `ERR_VMAREA_NOT_A_DRIVER`, which names the URL, where there is no
 * such module, it fails to load, or its default export is no driver.
 *
 * A module is loaded once for each thread, as any other: each device that is opened with it calls its setup function.
 */
export async function loadDriver(url: string): Promise<DeviceDriver> {
  let module: { readonly default?: unknown }
  try {
    module = await import(url)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw notADriver(url, `could not be loaded: ${why}`, { cause })
  }
  if (!('default' in module)) {
    throw notADriver(url, 'has no default export: write `export default defineDevice(…)`')
  }
  const driver = module.default
  if (isDriver(driver)) return driver
  const what = typeof driver === 'function' ? 'a bare function' : describe(driver)
  throw notADriver(url, `exports ${what} as its default, and not what defineDevice returns`)
}

function isDriver(value: unknown): value is DeviceDriver {
  return typeof value === 'object' && value !== null && typeof (value as DeviceDriver).operations === 'function'
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'another object' : `the value ${String(value)}`
}

function notADriver(url: string, what: string, options?: ErrorOptions): UsageError {
  return new UsageError('ERR_VMAREA_NOT_A_DRIVER', `the driver module ${shorten(url)} ${what}`, options)
}

/** A `data:` URL is its whole text. */
function shorten(url: string): string {
  return url.length <= 200 ? url : `${url.slice(0, 200)}…`
}

import type { Area } from '../kernel/area.js'
import type { FileOperations } from '../kernel/file-operations.js'
import type { RawFault } from '../kernel/raw-fault.js'
import { nearest } from '../vocabulary/nearest.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { DeviceHooks } from './device-hooks.js'
import { HookLifetime } from './hook-lifetime.js'
import { VmFault } from './vm-fault.js'
import { VmaNew } from './vma-new.js'

const hookNames = ['open', 'mmap', 'fault', 'pageMkwrite', 'writeback', 'close'] as const

/** Wraps an author's hooks into raw file operations. Throws `ERR_VMAREA_NOT_A_DRIVER` where they can't be those of a driver. */
export function fileOperations(hooks: DeviceHooks): FileOperations {
  checkHooks(hooks)
  const operations: FileOperations = { mmap: (area) => callMmap(hooks, area) }
  if (hooks.size !== undefined) Object.assign(operations, { size: hooks.size })
  if (hooks.open !== undefined) operations.open = () => hooks.open!()
  if (hooks.fault !== undefined) operations.fault = (fault) => callFault(hooks, 'fault', fault)
  if (hooks.pageMkwrite !== undefined) operations.pageMkwrite = (fault) => callFault(hooks, 'pageMkwrite', fault)
  if (hooks.writeback !== undefined) operations.writeback = (writeback) => hooks.writeback!(writeback)
  if (hooks.close !== undefined) operations.close = () => hooks.close!()
  return operations
}

function checkHooks(hooks: DeviceHooks): void {
  if (typeof hooks !== 'object' || hooks === null) {
    throw notADriver(`the function given to defineDevice must return an object of hooks, and returned ${String(hooks)}`)
  }
  refuseMisspeltHooks(hooks)
  for (const name of hookNames) {
    const hook = hooks[name]
    if (hook === undefined || typeof hook === 'function') continue
    throw notADriver(`the hook ${name} must be a function, and is ${String(hook)}`)
  }
  if (hooks.mmap === undefined && hooks.fault === undefined) {
    throw notADriver(
      'a driver needs a fault hook, which fills pages, or an mmap hook, which puts pages in: this one has neither',
    )
  }
  const { size } = hooks
  if (size !== undefined && size !== Infinity && (!Number.isSafeInteger(size) || size < 0)) {
    throw notADriver(`size must be a whole number of bytes from 0 on, and is ${showValue(size)}`)
  }
}

/** Refuse a function whose name is almost that of a hook, because it would never be called. Other members belong to the driver. */
function refuseMisspeltHooks(hooks: DeviceHooks): void {
  for (const [name, value] of Object.entries(hooks)) {
    if (typeof value !== 'function' || (hookNames as readonly string[]).includes(name)) continue
    const meant = nearest(name, hookNames)
    if (meant !== undefined && Math.abs(meant.length - name.length) <= 2)
      throw notADriver(`there is no hook ${name}: did you mean ${meant}?`)
  }
}

function callMmap(hooks: DeviceHooks, area: Area): void {
  if (hooks.mmap === undefined) return
  const lifetime = new HookLifetime(area, 'mmap')
  let result: unknown
  try {
    result = hooks.mmap(new VmaNew(area, lifetime))
  } finally {
    lifetime.hookReturned()
  }
  if (!isThenable(result)) return
  // The promise settles after the area has ended, and no call waits for it: ignore its error.
  result.then(undefined, () => {})
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    'the mmap hook must be synchronous: the area is laid out when it returns',
  )
}

function callFault(hooks: DeviceHooks, name: 'fault' | 'pageMkwrite', raw: RawFault): void | Promise<void> {
  const lifetime = raw.area === undefined ? undefined : new HookLifetime(raw.area, name)
  const fault = new VmFault(raw, lifetime)
  let answer: void | Promise<void>
  try {
    answer = hooks[name]!(fault)
  } catch (error) {
    fault.hookSettled()
    throw error
  } finally {
    lifetime?.hookReturned()
  }
  if (isThenable(answer)) return settle(answer, fault)
  fault.hookSettled()
}

async function settle(answer: PromiseLike<unknown>, fault: VmFault): Promise<void> {
  try {
    await answer
  } finally {
    fault.hookSettled()
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

function notADriver(message: string): UsageError {
  return new UsageError('ERR_VMAREA_NOT_A_DRIVER', message)
}

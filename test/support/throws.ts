import assert from 'node:assert/strict'
import { MemoryFault } from '#vmarea/vocabulary/memory-fault.js'
import { UsageError } from '#vmarea/vocabulary/usage-error.js'
import type { UsageErrorCode } from '#vmarea/vocabulary/usage-error-code.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'

type Act = () => unknown

/** The act must throw a `UsageError` of that code, whose message names what is in `message`. */
export function throwsUsage(act: Act, code: UsageErrorCode, message: RegExp = /./): void {
  assert.throws(act, (error) => isUsage(error, code, message))
}

export function isUsage(error: unknown, code: UsageErrorCode, message: RegExp = /./): true {
  assert.ok(error instanceof UsageError, `a UsageError was wanted, and this came: ${describe(error)}`)
  assert.equal(error.code, code, error.message)
  assert.match(error.message, message)
  return true
}

/** The act must throw a `VmError` of that code. */
export function throwsVm(act: Act, code: string, message: RegExp = /./): void {
  assert.throws(act, (error) => isVm(error, code, message))
}

export function isVm(error: unknown, code: string, message: RegExp = /./): true {
  assert.ok(error instanceof VmError, `a VmError was wanted, and this came: ${describe(error)}`)
  assert.equal(error.code, code, error.message)
  assert.ok(error.errno < 0)
  assert.match(error.message, message)
  return true
}

/** The act must throw a `MemoryFault` with these properties. */
export function throwsFault(act: Act, properties: Partial<MemoryFault>): void {
  assert.throws(act, (error) => isFault(error, properties))
}

export function isFault(error: unknown, properties: Partial<MemoryFault>): true {
  assert.ok(error instanceof MemoryFault, `a MemoryFault was wanted, and this came: ${describe(error)}`)
  for (const [name, value] of Object.entries(properties)) {
    assert.equal(error[name as keyof MemoryFault], value, `${name} of: ${error.message}`)
  }
  return true
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name} ${error.message}` : String(error)
}

import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { Device } from '#vmarea/device/device.js'
import { defineDevice } from '#vmarea/device.js'
import { diagnostics } from '#vmarea/diagnostics.js'
import type { DeviceMessage } from '#vmarea/index.js'
import { ProcessMemory } from '#vmarea/mapping/memory/process-memory.js'
import { Machine } from '#vmarea/model.js'
import { Process } from '#vmarea/process.js'
import { MemoryFault } from '#vmarea/vocabulary/memory-fault.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { open, PAGE } from './open.js'

async function heard(act: () => Promise<void>): Promise<DeviceMessage[]> {
  const messages: DeviceMessage[] = []
  const devices = channel('vmarea:device')
  const listener = (message: unknown) => void messages.push(message as DeviceMessage)
  devices.subscribe(listener)
  try {
    await act()
  } finally {
    devices.unsubscribe(listener)
  }
  return messages
}

test('opening, restarting and closing a device is published', async () => {
  const messages = await heard(async () => {
    const process = new Process(new Machine().spawn().kernel, diagnostics())
    const device = await process.openDevice(defineDevice(() => ({ size: PAGE, fault() {} })))
    await device.restart()
    await device.close()
    await device.close()
  })
  assert.deepEqual(
    messages.map(({ change }) => change),
    ['open', 'restart', 'close'],
  )
  assert.ok(messages.every(({ driver, cause }) => driver === 'a definition' && cause === undefined))
})

test('the death of a driver is published, and reported by a process warning', async ({ mock }) => {
  const warn = mock.method(globalThis.process, 'emitWarning', () => {})
  const { device, process } = await open({ fault() {} })
  let die: ((cause: Error) => void) | undefined
  const raw = Object.assign(Object.create(device.asRaw()), {
    onDeath: (listener: (cause: Error) => void) => (die = listener),
  })
  const cause = new Error('out of memory')
  const messages = await heard(async () => {
    const observer = diagnostics()
    const memory = new ProcessMemory(process.kernel, observer)
    new Device({ raw, name: 'file:///driver.js', memory, observer, residentLimit: Infinity })
    die!(cause)
  })
  const [[text, options]] = warn.mock.calls.map((call) => call.arguments as [string, { type: string }]) as [
    [string, { type: string }],
  ]
  assert.match(text, /file:\/\/\/driver\.js has ended: out of memory/)
  assert.equal(options.type, 'VmareaDevice')
  assert.deepEqual(messages.at(-1), { change: 'death', driver: 'file:///driver.js', cause })
})

test('the warning of a fault has its cause, and for a driver that is late what the thread may wait for', ({ mock }) => {
  const warn = mock.method(globalThis.process, 'emitWarning', () => {})
  const { fault } = diagnostics()
  const failed = (cause?: Error) =>
    new MemoryFault({ address: 0x1000n, offset: 0, access: 'read', reason: 'driver', ...(cause && { cause }) })
  const broken = new VmError('EIO', 'fault', { hint: 'no such row' })
  const late = new VmError('ETIMEDOUT', 'fault', { hint: 'the driver did not answer within 1500 ms' })
  for (const cause of [undefined, broken, late]) fault(failed(cause), { mapping: 'a mapping', first: true })
  fault(failed(late), { mapping: 'a mapping', first: false })
  const warnings = warn.mock.calls.map((call) => call.arguments as unknown as [text: string, { detail: string }])
  assert.deepEqual(
    warnings.map(([text]) => text.replace(/;.*/, '')),
    [undefined, broken, late].map((cause) => `${failed().message}${cause ? ` (${cause.message})` : ''} in a mapping`),
  )
  assert.deepEqual(
    warnings.map(([, { detail }]) => /does its server run on this thread\?/.test(detail)),
    [false, false, true],
  )
})

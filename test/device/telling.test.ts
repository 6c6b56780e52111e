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

// Handles against structured clone, which passes over private fields: an empty object would arrive in the other thread.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defineDevice } from '#vmarea/device.js'
import { listenForGuests } from '#vmarea/guests.js'
import { mapMut, mapNone, memfd, pageSize, reserveMut, thisProcess } from '#vmarea/index.js'
import { Machine } from '#vmarea/model.js'
import { memoryStore } from '#vmarea/stores.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'

const page = pageSize()

/** Asserts that the handle is refused wherever it would be cloned, with a message that says what to do. */
function refusesToBeCloned(handle: object): void {
  const { port1, port2 } = new MessageChannel()
  const refusal = {
    name: 'DataCloneError',
    message: /open it in the other thread, or send a descriptor or sharedBytes/,
  }
  assert.throws(() => structuredClone(handle), refusal, handle.constructor.name)
  assert.throws(() => port1.postMessage({ handle }), refusal, handle.constructor.name)
  port1.close()
  port2.close()
}

describe('structured clone rejects', () => {
  test('mappings and memory files', () => {
    using file = memfd('posted', { size: page })
    using none = mapNone({ length: page })
    using mapping = mapMut({ file, shared: true })
    using reservation = reserveMut({ length: page })
    for (const handle of [file, none, mapping, reservation]) refusesToBeCloned(handle)
  })

  test('processes and their address spaces', () => {
    using user = thisProcess().mm.mmgetNotZero()
    for (const handle of [thisProcess(), thisProcess().mm, user!]) refusesToBeCloned(handle)
  })

  test('devices, swaps and userfaultfds', async () => {
    const process = new Machine().spawn()
    const memory = process.mapMut({ length: page })
    await using swap = await process.openSwap(memory, { store: memoryStore({ compression: 'none' }) })
    await using device = await process.openDevice(defineDevice(() => ({ size: page, fault: () => undefined })))
    using uffd = bindUserfaultfd(() => process.kernel).create()
    for (const handle of [swap, device, uffd]) refusesToBeCloned(handle)
  })

  test('a listener for guests', async () => {
    await using guests = await listenForGuests(`@vmarea-clone-${process.pid}`)
    refusesToBeCloned(guests)
  })
})

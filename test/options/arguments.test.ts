// Arguments that are no options: a value that the types do not allow is refused by name, and not by a TypeError of the code within.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineDevice, map, mapMut, memfd, openDevice, openSwap } from 'vmarea'
import { layerSources } from 'vmarea/guests'
import { Machine } from 'vmarea/model'
import { memoryStore, tieredStore } from 'vmarea/stores'
import { showValue } from '#vmarea/vocabulary/options/show-value.js'

const strange = [undefined, null, 5, NaN, 4096n, 'x', {}, [], [5], [null], [{}], ['constructor']]

const shared = mapMut({ length: 8192, shared: true })
const process = new Machine().spawn()
const userfaultfd = process.userfaultfd()
const file = memfd('strange', { seals: [] })
const store = memoryStore({ compression: 'none' })

const calls: Readonly<Record<string, (value: never) => unknown>> = {
  map,
  memfd,
  openDevice,
  defineDevice,
  'openSwap of a modelled process': (memory) => process.openSwap(memory, { store }),
  openSwap: (memory) => openSwap(memory, { store }),
  layerSources,
  tieredStore: (lower) => tieredStore(store, lower, { limit: 4096 }),
  addSeals: (seal) => file.addSeals(seal),
  'register of a userfaultfd': (modes) => userfaultfd.register(0n, 4096, modes),
  merge: (other) => shared.merge(other),
  access: (use) => shared.access(use),
  read: (target) => shared.read(0, target),
  write: (source) => shared.write(0, source),
  view: (offset) => shared.view(offset, 4),
  splitOff: (at) => shared.splitOff(at),
  resize: (length) => shared.resize(length),
  notify: (offset) => shared.notify(offset),
  wait: (expected) => shared.wait(0, expected, { timeout: 0 }),
  advise: (advice) => shared.advise(advice),
}

for (const [name, call] of Object.entries(calls)) {
  test(`${name} takes a strange value, or refuses it by an error of the package`, async () => {
    for (const value of strange) {
      try {
        await call(value as never)
      } catch (error) {
        const { name, stack } = error as Error
        assert.match(name, /^(UsageError|VmError)$/, `${showValue(value)}: ${stack}`)
      }
    }
  })
}

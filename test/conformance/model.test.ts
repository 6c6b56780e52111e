import { test } from 'node:test'
import { conformance } from '#vmarea/conformance.js'
import { Machine } from '#vmarea/model.js'
import { MODEL_CAPABILITIES } from './model-capabilities.js'

const machines: Machine[] = []

conformance({
  test,
  factory: () => {
    const machine = new Machine()
    machines.push(machine)
    return machine.spawn()
  },
  capabilities: MODEL_CAPABILITIES,
})

test('nothing in a machine has come apart', () => {
  for (const machine of machines) machine.checkInvariants()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patient } from '../support/patient.js'
import { seed } from '../support/seed.js'
import { useErraticStore } from './erratic-store.js'

test(`a store that throws, is full, late or damaged, or lies, changes no page under live writers (seed ${seed})`, {
  timeout: patient(300_000),
}, async () => {
  const { reads, writes, misbehaviours } = await useErraticStore(seed, 80)
  assert.ok(reads > 0 && writes > 0)
  assert.ok(Object.values(misbehaviours).some((count) => count > 0))
})

// Each exported interface of options has an entry in the table from which test/options makes its cases.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportedOptions, optionsInSignatures } from '../options/exported-options.js'
import { callsWithOptionsInPlace, optionCalls } from '../options/option-calls.js'

test('no exported interface of options is forgotten', () => {
  const known = Object.keys(optionCalls)
  assert.deepEqual(
    [...exportedOptions().keys()].sort(),
    known.sort(),
    'test/options/option-calls.ts has an entry for each',
  )
})

test('no options that a signature declares are forgotten', () => {
  // An object that is no bag of options: a page of a driver.
  const others = /^(vmInsertPage|vmInsertPages|vmMapPages|vmMapPagesZero|flagsByCode|map)\(/
  const found = optionsInSignatures().filter((name) => !others.test(name))
  assert.ok(found.length >= 8, String(found))
  for (const name of found) assert.ok(name in callsWithOptionsInPlace, `${name} has no entry in option-calls.ts`)
})

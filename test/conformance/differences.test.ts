import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conformance, differences } from '#vmarea/conformance.js'
import { Machine } from '#vmarea/model.js'
import { MODEL_CAPABILITIES } from './model-capabilities.js'

function skipsWith(capabilities: typeof MODEL_CAPABILITIES): string[] {
  const reasons: string[] = []
  conformance({
    test: (_title: string, options: unknown) => {
      if (typeof options === 'object') reasons.push((options as { skip: string }).skip)
    },
    factory: () => new Machine().spawn(),
    capabilities,
  })
  return reasons
}

test('the model skips what the table of differences gives a reason for, and nothing else', () => {
  const reasons = [...new Set(skipsWith(MODEL_CAPABILITIES).map((skip) => skip.replace(/^.*?: /, '')))]
  const known = Object.values(differences)
  assert.ok(known.every(({ only }) => only === 'linux'))
  assert.equal(reasons.length, known.length)
  for (const { reason } of known) assert.ok(reasons.some((skip) => skip.includes(reason)))
})

test('a capability that is not declared skips its cases by its name', () => {
  const without = MODEL_CAPABILITIES.filter((capability) => capability !== 'guard-pages')
  assert.ok(skipsWith(without).some((skip) => /'guard-pages'.*not among its declared/.test(skip)))
})

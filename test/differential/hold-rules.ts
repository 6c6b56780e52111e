import assert from 'node:assert/strict'
import { totalmem } from 'node:os'
import { after, before, test } from 'node:test'
import { root } from '../support/root.js'
import type { Call } from './call.js'
import { runCase } from './check.js'
import { KernelSide } from './kernel-side.js'
import { ModelSide } from './model-side.js'
import { whyNotComparable } from './why-not-comparable.js'

/** The calls, and what the last ones of them return on the running kernel. */
export type Rule = readonly [calls: readonly Call[], ...results: number[]]

/**
 * Two tests a rule: the model returns the results, and where the kernel can be asked, all that both sides can see agrees after each call.
 */
export function holdRules(rules: Readonly<Record<string, Rule>>): void {
  const skip = whyNotComparable()
  let kernel: KernelSide | undefined
  before(() => {
    if (skip === false) kernel = new KernelSide(root)
  })
  after(() => kernel?.close())

  for (const [name, [calls, ...results]] of Object.entries(rules)) {
    test(`${name} (model)`, () => {
      const side = new ModelSide({ memory: totalmem(), protectionKeys: true })
      const given = calls.map((call) => {
        const record = side.run(call)
        side.check()
        return Number(new DataView(record.buffer, record.byteOffset).getBigInt64(0, true))
      })
      assert.deepEqual(given.slice(-results.length), results)
    })
    test(`${name} (kernel)`, { skip }, async () => {
      assert.equal(await runCase(kernel!, calls), undefined)
    })
  }
}

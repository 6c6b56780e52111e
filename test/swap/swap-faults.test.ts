import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FaultRecord } from '#vmarea/kernel/fault-record.js'
import type { OpenedFaultSource } from '#vmarea/pager/source/opened-fault-source.js'
import { SwapFaults } from '#vmarea/pager/swap/program/swap-faults.js'
import type { ServingThread } from '#vmarea/pager/thread/serving-thread.js'

const PAGE = 4096
const fault = { address: BigInt(5 * PAGE + 7), access: 'read', reason: 'poisoned' } satisfies FaultRecord

/** What `drain` does is what messages of the serving thread do that have not been read yet. */
function faultsOf(drain: (faults: SwapFaults) => void = () => {}): SwapFaults {
  const source = { takeFailed: () => [] } as unknown as OpenedFaultSource
  const thread = { drain: () => drain(faults) } as unknown as ServingThread
  const faults = new SwapFaults(source, thread, PAGE)
  return faults
}

test('an access that failed before its page came back has the error of the store as its cause', () => {
  const cause = new Error('the store throws')
  const [before, meanwhile] = [faultsOf(), faultsOf((faults) => faults.delete(5 * PAGE))]
  for (const faults of [before, meanwhile]) faults.add(5 * PAGE, cause)
  before.delete(5 * PAGE)
  for (const faults of [before, meanwhile]) {
    assert.deepEqual(faults.explain(fault), { ...fault, reason: 'swap', cause })
    assert.deepEqual(faults.within(0, 6 * PAGE), [], 'there is nothing to restore')
  }
})

test('the newest error of a page is the cause, also where the page has come back in between', () => {
  const faults = faultsOf()
  faults.add(5 * PAGE, new Error('an older one'))
  faults.delete(5 * PAGE)
  const cause = new Error('the newest')
  faults.add(5 * PAGE, cause)
  assert.equal(faults.explain(fault).cause, cause)
  faults.delete(5 * PAGE)
  assert.equal(faults.explain(fault).cause, cause)
})

test('a fault on a page that has not failed is left as it is', () => {
  const faults = faultsOf()
  faults.add(4 * PAGE, new Error('of another page'))
  assert.equal(faults.explain(fault), fault)
})

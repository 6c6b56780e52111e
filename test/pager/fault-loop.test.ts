import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultLoop } from '#vmarea/pager/source/fault-loop.js'
import type { FaultQueue } from '#vmarea/pager/source/fault-queue.js'

test('what has to be done before faults are taken is done before each take', () => {
  const calls: string[] = []
  const take = () => {
    calls.push('take')
    return 1
  }
  const serve = () => {
    calls.push('serve')
    if (calls.length === 6) loop.stop()
  }
  const loop = new FaultLoop({ take } as unknown as FaultQueue, serve, () => false, {
    beforeTaking: () => calls.push('before'),
  })
  loop.start()
  assert.deepEqual(calls, ['before', 'take', 'serve', 'before', 'take', 'serve'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monotonicTime } from '#vmarea/pager/thread/monotonic-time.js'
import { PagerState } from '#vmarea/pager/thread/pager-state.js'

test('a hook has been running since the outermost one began, whatever happens to the date', (context) => {
  context.mock.method(Date, 'now', () => 0)
  const state = new PagerState()
  const before = monotonicTime()
  state.whileBusy(() => {
    const since = state.busySince
    assert.ok(since >= before && since <= monotonicTime())
    state.whileBusy(() => assert.equal(state.busySince, since))
    assert.equal(state.busySince, since)
  })
  assert.equal(state.busySince, 0)
})

import { test } from 'node:test'
import { survives } from '../support/run-in-child.js'

// Where the stack overflows while Node makes a port, as structuredClone does in Node 20, the half of it ends the process later, uncaught.
test('openDevice on a full stack opens the device, or throws and leaves nothing behind', async () => {
  await survives(`
    const source = "import { defineDevice } from '" + library + "device.js'; export default defineDevice(() => ({ size: 4096, fault() {} }))"
    const driver = 'data:text/javascript,' + encodeURIComponent(source)
    const withFrames = (frames, act) => {
      let left
      const descend = () => {
        try { descend() } catch (error) {
          if (!(error instanceof RangeError) || left !== undefined) throw error
          left = frames
        }
        if (left !== undefined && left-- === 0) act()
      }
      descend()
    }
    const opened = async (frames) => {
      let opening
      try {
        withFrames(frames, () => { opening = vmarea.openDevice(driver, { source: 'guard', driver: { a: 1 } }) })
        await (await opening).close()
        return true
      } catch (error) {
        assert.ok(error instanceof RangeError, error.stack)
        return false
      }
    }
    let frames = 0
    while (!await opened(frames)) frames++
    assert.ok(frames > 0)
    await settle()`)
})

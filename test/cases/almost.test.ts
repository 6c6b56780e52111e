// What is almost a hook or a page is refused: it would pass without effect, or read as zeros.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openDevice, UsageError } from 'vmarea'
import { Machine } from 'vmarea/model'

const isUsage = (message: RegExp) => (error: unknown) =>
  error instanceof UsageError && error.code === 'ERR_VMAREA_NOT_A_DRIVER' && message.test(error.message)

/** The URL of a driver whose hooks are this expression of `options`. */
const driver = (hooks: string) =>
  `data:text/javascript,${encodeURIComponent(`
    import { defineDevice } from '${import.meta.resolve('vmarea/device')}'
    export default defineDevice((options) => (${hooks}))`)}`

const misspelt = driver('{ size: 65536, fault() {}, pageMkwrit() {} }')
const withFields = driver('{ size: 65536, fault() {}, closed: true }')
const inserting = driver(`{
  size: 65536,
  mmap(vma) { if (options.what === 'insert') vma.setMixedmap().vmInsertPage(vma.start, undefined) },
  fault(fault) { fault.answer(options.what === 'nothing' ? undefined : {}) },
}`)

for (const [kernel, open] of [
  ['linux', openDevice],
  ['model', (url: URL | string, options?: object) => new Machine().spawn().openDevice(url, options)],
] as const) {
  describe(`on the kernel ${kernel}`, () => {
    test('a misspelt hook is refused, and fields of the driver are not', async () => {
      await assert.rejects(open(misspelt), isUsage(/no hook pageMkwrit: did you mean pageMkwrite\?/))
      const device = await open(withFields)
      await device.close()
    })

    test('no page is no answer, and can not be inserted', async () => {
      for (const what of ['nothing', 'something']) {
        const device = await open(inserting, { driver: { what } })
        const mapping = device.map()
        await assert.rejects(mapping.readAsync(0, new Uint8Array(1)), (error: { reason: string; cause: Error }) => {
          assert.equal(error.reason, 'driver')
          assert.match(String((error.cause.cause as Error).message), /a page must be one that device.page\(\) gave/)
          return true
        })
        mapping.unmap()
        await device.close()
      }
      const device = await open(inserting, { driver: { what: 'insert' } })
      assert.throws(
        () => device.map(),
        (error: Error) =>
          /a page must be one that device.page\(\) gave, and this is undefined/.test(
            String((error.cause as Error).message),
          ),
      )
      await device.close()
    })
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definePageStore, openPageStore } from '#vmarea/stores.js'
import { throwsUsage } from '../support/throws.js'

const moduleOf = (text: string) => ({ module: `data:text/javascript,${encodeURIComponent(text)}`, options: undefined })
const refused = { name: 'UsageError', code: 'ERR_VMAREA_NOT_A_STORE' }

test('a definition gets its options and the page size of the host', async () => {
  const seen: unknown[] = []
  const store = definePageStore<{ readonly name: string }>((options, { pageSize }) => {
    seen.push(options.name, pageSize)
    return { pageSize, write() {}, read() {}, free() {}, close() {} }
  })
  await openPageStore(store as never, { pageSize: 8192 }, { name: 'mine' })
  assert.deepEqual(seen, ['mine', 8192])
})

test('a store whose page size differs is refused and closed', async () => {
  let closed = 0
  const store = definePageStore(() => ({ pageSize: 512, write() {}, read() {}, free() {}, close: () => void closed++ }))
  await assert.rejects(openPageStore(store as never, { pageSize: 4096 }), { ...refused, message: /512 bytes.*4096/ })
  assert.equal(closed, 1)
})

test('a module without a store in it is refused by its URL', async () => {
  await assert.rejects(openPageStore(moduleOf('export default 3'), { pageSize: 4096 }), {
    ...refused,
    message: /data:text/,
  })
  await assert.rejects(openPageStore(moduleOf('export const x = 3'), { pageSize: 4096 }), refused)
  await assert.rejects(openPageStore(moduleOf('throw new Error("no")'), { pageSize: 4096 }), {
    ...refused,
    message: /no/,
  })
})

test('what is no store is refused by its value', async () => {
  for (const value of [undefined, null, 5, './my-store.mjs', {}])
    await assert.rejects(openPageStore(value as never, { pageSize: 4096 }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
})

test('what the setup throws is what opening rejects with', async () => {
  const failing = definePageStore(() => {
    throw new RangeError('too far')
  })
  await assert.rejects(openPageStore(failing as never, { pageSize: 4096 }), { name: 'RangeError', message: 'too far' })
})

test('a definition is made of a function alone', () => {
  throwsUsage(() => definePageStore({} as never), 'ERR_VMAREA_INVALID_ARGUMENT')
})

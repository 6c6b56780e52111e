import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { MemoryFault, mapMut, openSwap, pageSize, type Swap, type SwapMessage } from 'vmarea'
import { patient } from '../support/patient.js'
import { until } from '../support/until.js'
import { BEHAVIOUR } from './stores/liar.js'

const page = pageSize()
const PAGES = 64
const store = new URL('./stores/liar.js', import.meta.url)
/** Milliseconds that the store has. The serving thread has as long again, and half a second, before it counts as dead: on a busy machine it needs some of that. */
const TIMEOUT = 1000

/** Opens a swap over pages that hold their number and one, to a store that does what `behaviour` says of each page. */
async function open(timeout = 30_000, residentLimit = Number.POSITIVE_INFINITY) {
  const memory = mapMut({ length: PAGES * page })
  for (let at = 0; at < PAGES; at++) memory.write(at * page, new Uint8Array([at + 1]))
  const behaviour = new Uint8Array(new SharedArrayBuffer(PAGES))
  const storeOptions = { behaviour: behaviour.buffer as SharedArrayBuffer }
  const swap = await openSwap(memory, { store, storeOptions, timeout, residentLimit })
  const read = (at: number) => {
    const byte = new Uint8Array(1)
    memory.read(at * page, byte)
    return byte[0]!
  }
  return { memory, behaviour, swap, read }
}

async function out(swap: Swap): Promise<void> {
  await swap.enable()
  await swap.out()
}

function isLost(error: unknown, message: RegExp): true {
  assert.ok(error instanceof MemoryFault, String(error))
  assert.equal(error.reason, 'swap')
  assert.match(String((error.cause as Error).message), message)
  return true
}

describe('a store that fails a page', { timeout: patient(120_000) }, () => {
  for (const [what, message] of [
    ['lies', /other bytes for page 5/],
    ['throws', /the store throws/],
    ['forgets', /page 5 is lost/],
    ['never answers', /did not answer within 1000 milliseconds/],
  ] as const) {
    test(`and ${what} fails accesses to that page alone, until it is restored`, async () => {
      const { memory, behaviour, swap, read } = await open(TIMEOUT)
      await out(swap)
      behaviour[5] = BEHAVIOUR[what]
      for (let round = 0; round < 2; round++)
        assert.throws(
          () => read(5),
          (error) => isLost(error, message),
        )
      assert.equal(read(4), 5)
      assert.equal(read(6), 7)
      await assert.rejects(swap.disable(), /1 page could not be read back/)
      assert.throws(
        () => read(5),
        (error) => isLost(error, message),
      )
      behaviour[5] = BEHAVIOUR.right
      if (what === 'never answers') {
        // The call for the page is still in flight, so the store can't be asked again: the page stays lost when the swap ends.
        await assert.rejects(swap.exit(), /1 page could not be read back/)
        assert.equal(swap.service, 'ended')
        assert.throws(() => read(5), MemoryFault)
      } else {
        await swap.restore()
        await swap.disable()
        for (let at = 0; at < PAGES; at++) assert.equal(read(at), at + 1)
        await swap.exit()
      }
      memory.unmap()
    })
  }

  test('a view of a page that is lost is contained, and restore() brings the page back', async () => {
    const { memory, behaviour, swap } = await open(TIMEOUT)
    await out(swap)
    behaviour[9] = BEHAVIOUR.throws
    const bytes = memory.view(0, PAGES * page)
    assert.throws(
      () => memory.access(() => bytes[9 * page]),
      (error) => isLost(error, /the store throws/),
    )
    assert.equal(
      memory.access(() => bytes[8 * page]),
      9,
    )
    behaviour[9] = BEHAVIOUR.right
    await swap.restore()
    await swap.disable()
    assert.equal(
      memory.access(() => bytes[9 * page]),
      10,
    )
    await swap.exit()
  })
})

test('a store that takes no pages stops evictions and says so, and is tried again', {
  timeout: patient(120_000),
}, async () => {
  const messages: SwapMessage[] = []
  const listen = (message: unknown) => messages.push(message as SwapMessage)
  subscribe('vmarea:swap', listen)
  const warnings: Error[] = []
  const warn = (warning: Error) => warnings.push(warning)
  process.on('warning', warn)
  const { behaviour, swap, read } = await open()
  behaviour.fill(BEHAVIOUR.throws)
  await swap.setResidentLimit(16 * page)
  await until('the failure is published', () => messages.some(({ change }) => change === 'failure'))
  assert.match(String(swap.failure?.message), /the store throws/)
  for (let at = 0; at < PAGES; at++) assert.equal(read(at), at + 1)
  behaviour.fill(BEHAVIOUR.right)
  await until('the recovery is published', () => messages.some(({ change }) => change === 'recovery'))
  assert.equal(swap.failure, undefined)
  await until('the budget is kept', () => swap.statistics.residentPages + swap.statistics.stagingPages <= 16)
  for (let at = 0; at < PAGES; at++) assert.equal(read(at), at + 1)
  await swap.exit()
  await until('a warning comes', () => warnings.length > 0)
  assert.equal(warnings.length, 1)
  assert.equal(warnings[0]!.name, 'VmareaSwap')
  process.off('warning', warn)
  unsubscribe('vmarea:swap', listen)
})

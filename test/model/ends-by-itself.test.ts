import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInChild } from '../support/run-in-child.js'

// A program that leaves a modelled device open ends as soon as nothing is left to do, and not when a time limit has run out.

/** The timers that are left when all is done, of a program that does this with a device. The limit is longer than that of the child. */
async function timersAfter(hooks: string, act: string): Promise<string> {
  const program = `
    const { Machine } = await import(library + 'model.js')
    const { defineDevice } = await import(library + 'device.js')
    const program = new Machine().spawn()
    const device = await program.openDevice(defineDevice((_, context) => ({ size: 4 * page, ${hooks} })), { timeout: 3_600_000 })
    const memory = device.map({ length: 4 * page, protection: 'write', shared: true })
    ${act}
    await turns()
    console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length)
    process.exit()`
  const { code, stdout, stderr } = await runInChild(program)
  assert.equal(code, 0, stderr)
  return stdout
}

test('a page that was filled later', async () => {
  const hooks = 'fault: async (fault) => { await turn(); fault.answer(context.page()) }'
  const act = 'assert.equal((await memory.readAsync(0, new Uint8Array(1)))[0], 0)'
  assert.equal(await timersAfter(hooks, act), '0\n')
})

test('a page that was refused later', async () => {
  const hooks = 'fault: async () => { await turn(); throw new Error("not today") }'
  const act = 'await assert.rejects(memory.readAsync(0, new Uint8Array(1)), { reason: "driver" })'
  assert.equal(await timersAfter(hooks, act), '0\n')
})

test('a page that was fetched ahead, until the fetch was aborted', async () => {
  const hooks = 'fault: () => new Promise(() => {})'
  const act = `const giveUp = new AbortController()
    const fetching = device.ready(0, page, { signal: giveUp.signal })
    await turns()
    giveUp.abort()
    await assert.rejects(fetching, { name: 'AbortError' })`
  assert.equal(await timersAfter(hooks, act), '0\n')
})

test('a page that is still being filled keeps its time limit', async () => {
  const hooks = 'fault: () => new Promise(() => {})'
  assert.equal(await timersAfter(hooks, 'void memory.readAsync(0, new Uint8Array(1))'), '1\n')
})

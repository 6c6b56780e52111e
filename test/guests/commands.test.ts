// crosvm's commands on a guest: what is possible from outside its monitor.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileSource, type Guest, listenForGuests } from '#vmarea/guests.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { skipUnlessRoot, skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor, patternOf } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler() || skipUnlessRoot()
const hasSwap = readFileSync('/proc/swaps', 'latin1').trimEnd().split('\n').length > 1
let count = 0

async function served(look: (monitor: Monitor, guest: Guest) => Promise<void>): Promise<void> {
  const path = `@vmarea-commands-${process.pid}-${count++}`
  const memory = join(temporaryFolder, 'memory')
  writeFileSync(memory, patternOf(64))
  await using guests = await listenForGuests(path)
  await using monitor = new Monitor(path, ['regions=64'])
  for await (const guest of guests) {
    await guest.serve(fileSource(memory))
    await look(monitor, guest)
    break
  }
}

test('enable and trim say why memory can not be taken from outside, disable fetches all, and status counts', {
  skip,
}, async () => {
  await served(async (monitor, guest) => {
    assert.throws(() => guest.swap.enable(), { code: 'EOPNOTSUPP', message: /MADV_DONTNEED/ })
    assert.throws(() => guest.swap.trim(), { code: 'EOPNOTSUPP', message: /MADV_DONTNEED/ })
    await guest.swap.disable()
    assert.equal(guest.swap.status().resident, 64)
    assert.equal((await monitor.check(0, 64)).good, 64)
    await monitor.kill()
    await guest.closed
    assert.throws(() => guest.swap.out(), { code: 'ESRCH' })
  })
})

test('out says that there is no swap space', { skip: skip || (hasSwap && 'this machine has swap space') }, async () => {
  await served(async (_, guest) => {
    assert.throws(() => guest.swap.out(), { code: 'EOPNOTSUPP', message: /swapon/ })
  })
})

test('out moves pages to swap space, from where the guest has them back', {
  skip: skip || (!hasSwap && 'this machine has no swap space'),
}, async () => {
  await served(async (monitor, guest) => {
    await guest.swap.disable()
    assert.ok(guest.swap.out() > 0)
    assert.equal((await monitor.check(0, 64)).good, 64)
  })
})

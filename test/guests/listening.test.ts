// Who connects, what he sends, and what becomes of the others.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { listenForGuests, zeroSource } from '#vmarea/guests.js'
import { sendDescriptors } from '#vmarea/linux/userfaultfd/send-descriptors.js'
import { waitsInFault } from '#vmarea/linux/userfaultfd/waits-in-fault.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { kernel } from '../userfaultfd/memory.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
const page = 4096
const zeros = { good: 0, zero: 4, other: 0, poisoned: 0 }
let count = 0
const newPath = () => join(temporaryFolder, `listening-${count++}`)

/** Listens, lets `act` do its worst, and then serves a monitor all the same. Returns why the others were refused. */
async function refusals(act: (path: string) => Promise<void>, expected: number) {
  const refused: { code?: string; message: string }[] = []
  const path = newPath()
  const onRefused = (error: unknown) => refused.push(error as Error)
  await using guests = await listenForGuests(path, { onRefused })
  await act(path)
  await until(
    () => `${refused.length} of ${expected} are refused`,
    () => refused.length === expected,
  )
  await using monitor = new Monitor(path, ['regions=4'])
  for await (const guest of guests) {
    assert.equal(guest.pid, monitor.pid)
    await guest.serve(zeroSource(1 << 20))
    assert.deepEqual(await monitor.check(0, 4), zeros)
    break
  }
  return refused
}

/** Sends text without a descriptor, in pieces, and closes the connection at the end. */
function say(path: string, ...pieces: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      for (const piece of pieces) socket.write(piece)
      socket.end()
      resolve()
    })
    socket.on('error', reject)
  })
}

/** Sends text with a userfaultfd, as a monitor does, and leaves no memory behind. */
async function sayWithUserfaultfd(path: string, message: string): Promise<void> {
  using uffd = bindUserfaultfd(() => kernel).create()
  await uffd.send(path, { message })
}

const region = { base_host_virt_addr: 1 << 30, size: 8 * page, offset: 0, page_size: page }
const messages: Record<string, [message: string, why: RegExp]> = {
  'no JSON': ['GET / HTTP/1.1\r\n', /no JSON array, but begins with "GET \/ HTTP\/1/],
  'no array': ['{}', /no JSON array/],
  'an empty array': ['[]', /has no regions/],
  'no objects': ['[1]', /region 0 is no object/],
  'a region without its size': ['[{"base_host_virt_addr":4096,"offset":0}]', /region 0 has no size/],
  'a size that is no number': [JSON.stringify([{ ...region, size: '1' }]), /size of region 0 is "1", and no number/],
  'a negative offset': [JSON.stringify([{ ...region, offset: -4096 }]), /offset of region 0 is -4096/],
  'an unaligned address': [
    JSON.stringify([{ ...region, base_host_virt_addr: 5000 }]),
    /address 5000 of region 0 is no multiple/,
  ],
  'an empty region': [JSON.stringify([{ ...region, size: 0 }]), /region 0 is empty/],
  'a strange page': [JSON.stringify([{ ...region, page_size: 16384 }]), /pages of 16384 bytes/],
  'two sizes of a page': [JSON.stringify([{ ...region, page_size_kib: 4 }]), /page_size 4096 and page_size_kib 4/],
  'overlapping regions': [
    JSON.stringify([region, { ...region, base_host_virt_addr: (1 << 30) + page }]),
    /region at 0x40001000 overlaps the one at 0x40000000/,
  ],
}

test('each message that can not be used is refused by name, and the next monitor is served', { skip }, async () => {
  const names = Object.keys(messages)
  const refused = await refusals(async (path) => {
    for (const name of names) await sayWithUserfaultfd(path, messages[name]![0])
  }, names.length)
  for (const name of names) {
    const found = refused.find(({ message }) => messages[name]![1].test(message))
    assert.equal(found?.code, 'ERR_VMAREA_BAD_MESSAGE', `${name}: ${refused.map(({ message }) => message).join('\n')}`)
  }
})

test('an empty message, one in pieces that ends too early, one that is too long and one without a descriptor are refused', {
  skip,
}, async () => {
  const whole = JSON.stringify([region])
  const refused = await refusals(async (path) => {
    await say(path)
    await say(path, whole.slice(0, 20))
    await say(path, '[', ' '.repeat(1 << 21)).catch(() => {})
    await say(path, whole.slice(0, 20), whole.slice(20))
  }, 4)
  const text = refused.map(({ message }) => message).join('\n')
  for (const why of [/it is empty/, /ends after 20 characters/, /longer than 1048576/, /no descriptor came/]) {
    assert.match(text, why)
  }
})

for (const onFailure of ['poison', 'kill', 'wait'] as const) {
  test(`a userfaultfd that comes with a message which is refused is left as onFailure ${onFailure} says, never to zeros`, {
    skip,
  }, async () => {
    const path = newPath()
    const refused: unknown[] = []
    await using _guests = await listenForGuests(path, { onFailure, onRefused: (error) => refused.push(error) })
    await using monitor = new Monitor(path, ['regions=8,4', 'bad', 'drop'])
    const { pid } = monitor
    await until('it is refused', () => refused.length === 1)
    assert.match((refused[0] as Error).message, /region 0 has no base_host_virt_addr/)
    if (onFailure === 'kill') {
      assert.equal((await monitor.ended).signal, 'SIGKILL')
      return
    }
    const check = monitor.check(0, 12).catch(() => 'killed while it waited')
    if (onFailure === 'poison') {
      assert.deepEqual(await check, { good: 0, zero: 0, other: 0, poisoned: 12 })
      return
    }
    await until('the access waits', () =>
      readdirSync(`/proc/${pid}/task`).some((thread) => waitsInFault(`/proc/${pid}/task/${thread}`)),
    )
    await monitor.kill()
    assert.equal(await check, 'killed while it waited')
  })
}

test('a userfaultfd that a refused user had sent already is poisoned as well, although its message is not read', {
  skip,
}, async () => {
  const path = newPath()
  const refused: unknown[] = []
  await using _guests = await listenForGuests(path, { uid: 65533, onRefused: (error) => refused.push(error) })
  await using monitor = new Monitor(path, ['regions=8,4', 'drop'])
  // This thread accepts nothing before the message is there: the monitor then reads its commands.
  while (!readFileSync(`/proc/${monitor.pid}/syscall`, 'latin1').startsWith('0 0x0 ')) spawnSync('true')
  await until('it is refused', () => refused.length === 1)
  assert.deepEqual(await monitor.check(0, 12), { good: 0, zero: 0, other: 0, poisoned: 12 })
})

test('a monitor that closes its connection and lives is served on, and its end is still noticed', {
  skip,
}, async () => {
  const path = newPath()
  await using guests = await listenForGuests(path)
  await using monitor = new Monitor(path, ['regions=4'])
  for await (const guest of guests) {
    await guest.serve(zeroSource(4 * page))
    await monitor.ask('hangup')
    assert.deepEqual(await monitor.check(0, 4), zeros)
    assert.ok(guests.open.has(guest))
    await monitor.kill()
    assert.equal((await guest.closed).reason, 'gone')
    break
  }
})

test('a descriptor that is no userfaultfd is refused', { skip }, async () => {
  const refused = await refusals(async (path) => {
    const descriptor = openSync('/dev/null', 'r')
    await sendDescriptors(path, false, [descriptor], Buffer.from(JSON.stringify([region])), undefined)
    closeSync(descriptor)
  }, 1)
  assert.match(refused[0]!.message, /1 descriptors came, and none of them is a userfaultfd/)
})

test('a peer that says nothing in time is refused', { skip }, async () => {
  const path = newPath()
  const refused: unknown[] = []
  await using _guests = await listenForGuests(path, { messageTimeout: 20, onRefused: (error) => refused.push(error) })
  const socket = connect(path)
  socket.on('error', () => {})
  await until('it is refused', () => refused.length === 1)
  assert.match((refused[0] as Error).message, /not whole after 20 ms/)
  socket.destroy()
})

test('a message in pieces, with the descriptor at the first, is taken whole', { skip }, async () => {
  const path = newPath()
  await using guests = await listenForGuests(path)
  await using monitor = new Monitor(path, ['regions=4', 'pieces', 'kib', 'memfd'])
  for await (const guest of guests) {
    await guest.serve(zeroSource(4 * page))
    assert.deepEqual(await monitor.check(0, 4), zeros)
    break
  }
})

test('a monitor of another user is refused before its message is read, unless it may', {
  skip: skip || skipUnlessOrdinaryUser(),
}, async () => {
  const path = `@vmarea-listening-${process.pid}`
  const refused: unknown[] = []
  const onRefused = (error: unknown, peer: unknown) => refused.push([(error as { code?: string }).code, peer])
  {
    await using _guests = await listenForGuests(path, { onRefused })
    await using monitor = new Monitor(path, ['regions=4'], { user: 65534 })
    await until('it is refused', () => refused.length === 1)
    assert.deepEqual(refused, [['ERR_VMAREA_PEER_REFUSED', { pid: monitor.pid, uid: 65534 }]])
  }
  await using guests = await listenForGuests(path, { uid: [65534] })
  await using monitor = new Monitor(path, ['regions=4'], { user: 65534 })
  for await (const guest of guests) {
    await guest.serve(zeroSource(4 * page))
    assert.deepEqual(await monitor.check(0, 4), zeros)
    break
  }
})

test('the file of a socket without a listener is replaced, a live one and another file are refused', {
  skip,
}, async () => {
  const path = newPath()
  const first = await listenForGuests(path, { mode: 0o640 })
  assert.equal(statSync(path).mode & 0o777, 0o640)
  await assert.rejects(listenForGuests(path), { code: 'EADDRINUSE', path, message: /another process listens there/ })
  await first.close()
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined, 'no file is left behind')
  const monitor = new Monitor(path, ['regions=4', 'listen'])
  await until('a socket file', () => statSync(path, { throwIfNoEntry: false })?.isSocket())
  await monitor.kill()
  const second = await listenForGuests(path)
  await second.close()
  writeFileSync(path, '')
  await assert.rejects(listenForGuests(path), { code: 'EADDRINUSE' })
  for (const options of [{ mode: -1 }, { uid: [-1] }, { onFailure: 'other' as 'wait' }, { messageTimeout: 0 }]) {
    await assert.rejects(listenForGuests(newPath(), options), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  }
})

test('many monitors at one path at the same time are all served: none is lost to a listener that takes one', {
  skip,
}, async () => {
  const path = newPath()
  await using guests = await listenForGuests(path)
  const monitors = Array.from({ length: 30 }, () => new Monitor(path, ['regions=4']))
  const served = new Set<number>()
  for await (const guest of guests) {
    await guest.serve(zeroSource(4 * page))
    served.add(guest.pid)
    if (served.size === monitors.length) break
  }
  assert.deepEqual([...served].sort(), monitors.map(({ pid }) => pid).sort())
  for (const monitor of monitors) assert.deepEqual(await monitor.check(0, 4), zeros)
  for (const monitor of monitors) await monitor.kill()
  await until('all are gone', () => guests.open.size === 0)
})

test('a monitor that ends before it is served, or while it is, ends its guest and no other', { skip }, async () => {
  const path = newPath()
  await using guests = await listenForGuests(path)
  const iterator = guests[Symbol.asyncIterator]()
  const first = new Monitor(path, ['regions=4'])
  const guest = (await iterator.next()).value!
  await first.kill()
  assert.equal((await guest.closed).reason, 'gone')
  await assert.rejects(guest.serve(zeroSource(4 * page)), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  const second = new Monitor(path, ['regions=4'])
  const other = (await iterator.next()).value!
  await other.serve({ size: 4 * page, read: () => new Promise<void>(() => {}) })
  second.check(0, 4).catch(() => {})
  await second.kill()
  assert.equal((await other.closed).reason, 'gone')
  await guests.close()
  assert.equal((await iterator.next()).done, true)
})

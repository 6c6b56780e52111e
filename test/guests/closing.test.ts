// What a call that fails, or a guest that is closed in the middle, leaves behind: nothing.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileSource, listenForGuests, type PageSource } from '#vmarea/guests.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { skipUnlessRoot, skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { memoryFile } from './memory-file.js'
import { Monitor, patternOf } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
const page = 4096
let count = 0
const newPath = () => `@vmarea-closing-${process.pid}-${count++}`

/** Descriptors of this process whose file is this one, or is of a kind with this name. */
function descriptorsOf(name: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === name
    } catch {
      return false // It was that of the folder.
    }
  }).length
}

const USERFAULTFD = 'anon_inode:[userfaultfd]'

test('a guest that can not be taken over leaves no descriptor of the state, the monitor or its userfaultfd', {
  skip: skip || skipUnlessRoot(),
}, async () => {
  const state = join(temporaryFolder, 'state')
  await using guests = await listenForGuests(newPath(), { state, onFailure: 'wait' })
  await using silent = new Monitor('@', ['regions=8', 'silent'])
  const regions = await silent.regions()
  // The largest number of a process is one less.
  await assert.rejects(guests.takeOver({ pid: 1 << 22, regions }), { code: 'ESRCH' })
  // A page map has no such addresses: the userfaultfd was taken by then.
  const wrong = regions.map((region) => ({ ...region, start: 2 ** 52 }))
  await assert.rejects(guests.takeOver({ pid: silent.pid, regions: wrong }))
  assert.deepEqual([descriptorsOf(state), descriptorsOf(USERFAULTFD)], [0, 0])
  const guest = await guests.takeOver({ pid: silent.pid, regions })
  assert.deepEqual([descriptorsOf(state), descriptorsOf(USERFAULTFD)], [1, 1])
  await silent.kill()
  await guest.closed
  assert.deepEqual([descriptorsOf(state), descriptorsOf(USERFAULTFD)], [0, 0])
  await guests.close()
  await assert.rejects(guests.takeOver({ pid: process.pid, regions }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
})

test('a monitor that is refused leaves no descriptor of the state', { skip }, async () => {
  const state = join(temporaryFolder, 'state-refused')
  const refused: unknown[] = []
  const path = newPath()
  await using _guests = await listenForGuests(path, { state, onRefused: (error) => refused.push(error) })
  await using _monitor = new Monitor(path, ['regions=8', 'no-userfaultfd'])
  assert.match(String(await until('it is refused', () => refused[0])), /none of them is a userfaultfd/)
  assert.equal(descriptorsOf(state), 0)
})

test('a guest that is closed while its source is opened leaves the source closed', { skip }, async () => {
  const memory = join(temporaryFolder, 'memory')
  writeFileSync(memory, patternOf(64))
  const path = newPath()
  await using guests = await listenForGuests(path)
  await using monitor = new Monitor(path, ['regions=64'])
  for await (const guest of guests) {
    const serving = guest.serve(fileSource(memory))
    await Promise.all([guest.close(), assert.rejects(serving, { code: 'ERR_VMAREA_INVALID_ARGUMENT' })])
    assert.deepEqual(await monitor.check(0, 64), { good: 0, zero: 0, other: 0, poisoned: 64 })
    break
  }
  await until('no descriptor of the memory file', () => descriptorsOf(memory) === 0)
  // The map of the file goes with the last source on the server thread.
  await until('no map of the memory file', () => !readFileSync('/proc/self/maps', 'latin1').includes(memory))
})

test('calls of prefetchAll at the same time all end, also when a page is late', { skip }, async () => {
  const bytes = patternOf(64)
  const source: PageSource = {
    size: bytes.length,
    read: (offset, target) =>
      offset === 5 * page ? new Promise(() => {}) : target.set(bytes.subarray(offset, offset + target.length)),
  }
  const path = newPath()
  await using guests = await listenForGuests(path)
  await using _monitor = new Monitor(path, ['regions=64'])
  for await (const guest of guests) {
    await guest.serve(source, { around: page, timeout: 50, prefetch: 'all' })
    await Promise.all([guest.prefetchAll(), guest.prefetchAll(), guest.prefetchAll()])
    break
  }
})

test('a listener whose keeper was killed refuses the next monitor, and applies onFailure to it', { skip }, async () => {
  const path = newPath()
  const refused: unknown[] = []
  await using _guests = await listenForGuests(path, { keeper: true, onRefused: (error) => refused.push(error) })
  const keeper = readdirSync('/proc').find((pid) => isKeeperOf(process.pid, pid))
  process.kill(Number(keeper), 'SIGKILL')
  await until('the keeper has closed its socket', () => !existsSync(`/proc/${keeper}/fd/3`))
  await using monitor = new Monitor(path, ['regions=8'])
  assert.equal(((await until('it is refused', () => refused[0])) as { code?: string }).code, 'EPIPE')
  assert.deepEqual(await monitor.check(0, 8), { good: 0, zero: 0, other: 0, poisoned: 8 })
})

test('a keeper lives on after a monitor whose pidfd another process holds as well', { skip }, async () => {
  const path = newPath()
  await using guests = await listenForGuests(path, { keeper: true })
  const keeper = readdirSync('/proc').find((pid) => isKeeperOf(process.pid, pid))!
  await using first = new Monitor(path, ['regions=8'])
  const arriving = guests[Symbol.asyncIterator]()
  const guest = (await arriving.next()).value!
  await until('the keeper has the guest', () => pidfdsOf(keeper).length > 0)
  // The open file of a pidfd that this process, its keeper and a third one have.
  const pidfds = pidfdsOf('self')
  assert.ok(pidfds.length > 0)
  const holder = spawn('sleep', ['1000'], { stdio: ['ignore', 'ignore', 'ignore', ...pidfds] })
  try {
    await once(holder, 'spawn')
    await first.kill()
    assert.equal((await guest.closed).reason, 'gone')
    await until('the keeper has let go of it', () => pidfdsOf(keeper).length === 0)
    await using second = new Monitor(path, ['regions=8'])
    await (await arriving.next()).value!.serve(fileSource(memoryFile(8)))
    assert.deepEqual(await second.check(0, 8), { good: 8, zero: 0, other: 0, poisoned: 0 })
    assert.ok(isKeeperOf(process.pid, keeper), 'the keeper has ended')
  } finally {
    holder.kill()
  }
})

/** The descriptors of a process that are pidfds: none where it has ended. */
function pidfdsOf(pid: string): number[] {
  const folder = `/proc/${pid}/fd`
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .map(Number)
    .filter((descriptor) => {
      try {
        return /pidfd/.test(readlinkSync(`${folder}/${descriptor}`))
      } catch {
        return false // It was that of the folder.
      }
    })
}

function isKeeperOf(parent: number, pid: string): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    return status.startsWith('Name:\tvmarea-keeper\n') && status.includes(`\nPPid:\t${parent}\n`)
  } catch {
    return false // It is no process, or has ended.
  }
}

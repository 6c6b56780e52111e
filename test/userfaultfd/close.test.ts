import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import type { Userfaultfd } from '#vmarea/userfaultfd/userfaultfd.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { until } from '../support/until.js'
import { anonymous, kernel, type Memory, memfd, page } from './memory.js'
import { peek } from './peek.js'
import { Actor } from './scenarios/actor.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('poison', 'minor_shmem')
const sevens = new Uint8Array(page).fill(7)

/** The first byte of each page, or `poisoned`. */
function look(area: Memory): (number | 'poisoned')[] {
  return Array.from({ length: area.length / page }, (_, index) => peek(area.at(index))[0] ?? 'poisoned')
}

function isUserfaultfd(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).includes('[userfaultfd]')
  } catch {
    return false // It was that of the folder itself.
  }
}

function half(uffd: Userfaultfd): Memory {
  const area = anonymous(6)
  uffd.register(area.start, area.length)
  for (const index of [1, 2, 4]) uffd.copy(area.at(index), page, sevens)
  return area
}

test('closing poisons what was not served and nothing else', { skip }, () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  const area = half(uffd)
  const rest = anonymous(2)
  uffd.register(rest.start, rest.length)
  uffd.unregister(rest.start, page)
  uffd.close()
  assert.deepEqual(look(area), ['poisoned', 7, 7, 'poisoned', 7, 'poisoned'])
  assert.deepEqual(look(rest), [0, 'poisoned'], 'what was unregistered on purpose reads zeros')
  area.unmap()
  rest.unmap()
})

test("close({ missing: 'zero' }) is the way to zeros", { skip }, () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  const area = half(uffd)
  uffd.close({ missing: 'zero' })
  assert.deepEqual(look(area), [0, 7, 7, 0, 7, 0])
  assert.throws(() => uffd.close({ missing: 'nothing' as 'zero' }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  area.unmap()
})

test('only the last handle decides', { skip }, () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  const area = half(uffd)
  const clone = uffd.tryClone()
  uffd.close({ missing: 'zero' })
  assert.equal(clone.copy(area.start, page, sevens), page)
  const descriptor = clone.intoRawDescriptor()
  const adopted = bindUserfaultfd(() => kernel).fromRawDescriptor(descriptor)
  assert.equal(adopted.copy(area.at(3), page, sevens), page, 'a descriptor under way is a handle as well')
  adopted[Symbol.dispose]()
  assert.deepEqual(look(area), [7, 7, 7, 7, 7, 'poisoned'])
  area.unmap()
})

test('a handle that is lost poisons when it is collected', {
  skip: skip || (globalThis.gc === undefined && 'needs --expose-gc'),
}, async () => {
  const area = (() => half(bindUserfaultfd(() => kernel).create()))()
  const descriptors = () => readdirSync('/proc/self/fd').filter((name) => isUserfaultfd(name))
  await until(
    () => `the userfaultfd is collected; these are open: ${descriptors()}`,
    () => {
      globalThis.gc!()
      return descriptors().length === 0
    },
  )
  assert.deepEqual(look(area), ['poisoned', 7, 7, 'poisoned', 7, 'poisoned'])
  area.unmap()
})

test('waiters are woken, and their accesses fail', { skip }, async () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  const area = half(uffd)
  const actor = await Actor.start()
  const touched = actor.act({ do: 'touch', address: area.start })
  await actor.waits('handle_userfault')
  uffd.close()
  assert.equal(await touched, 'fault')
  await actor.end()
  area.unmap()
})

test('shared memory: a page that another map made is there, unless minor faults were asked for', { skip }, () => {
  for (const modes of [['missing'], ['missing', 'minor']] as const) {
    const file = memfd(4)
    const [writer, area] = [file.map(), file.map()]
    const uffd = bindUserfaultfd(() => kernel).create({ features: ['missing_shmem', 'minor_shmem'] })
    uffd.register(area.start, area.length, modes)
    kernel.calls.madvise(writer.at(1), page, MADV.POPULATE_WRITE)
    uffd.copy(area.at(2), page, sevens)
    uffd.close()
    const cached = modes.length === 1 ? 0 : 'poisoned'
    assert.deepEqual(look(area), ['poisoned', cached, 7, 'poisoned'])
    assert.deepEqual(look(writer), [0, 0, 7, 0], 'the file itself holds no poison')
    area.unmap()
    writer.unmap()
    file.close()
  }
})

test('a missing page that is write-protected is poisoned all the same', {
  skip: skip || skipWithout('wp_unpopulated'),
}, () => {
  const file = memfd(4)
  for (const area of [anonymous(4), file.map()]) {
    const uffd = bindUserfaultfd(() => kernel).create({
      features: ['wp_unpopulated', 'missing_shmem', 'wp_hugetlbfs_shmem'],
    })
    uffd.register(area.start, area.length, ['missing', 'wp'])
    uffd.copy(area.at(1), page, sevens, { writeProtect: true })
    uffd.writeProtect(area.start, area.length)
    uffd.close()
    assert.deepEqual(look(area), ['poisoned', 7, 'poisoned', 'poisoned'])
    area.unmap()
  }
  file.close()
})

test('a range that was unmapped and is another one now is left alone', { skip }, () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(4)
  uffd.register(area.start, area.length)
  kernel.calls.munmap(area.at(1), 2 * page)
  kernel.calls.mmap(area.at(1), 2 * page, 3, 0x22 | 0x10, -1, 0)
  using other = bindUserfaultfd(() => kernel).create()
  other.register(area.at(2), page)
  uffd.close()
  assert.equal(other.copy(area.at(2), page, sevens), page)
  assert.deepEqual(look(area), ['poisoned', 0, 7, 'poisoned'])
  area.unmap()
})

test('a large range is poisoned in no time', { skip }, () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(65_536)
  uffd.register(area.start, area.length)
  for (let index = 0; index < 65_536; index += 4096) uffd.copy(area.at(index), page, sevens)
  // The time that it works, and not that other programs do.
  const before = process.cpuUsage()
  uffd.close()
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 1_000_000, `${user + system} µs`)
  assert.deepEqual([peek(area.at(4096))[0], peek(area.at(4097)).length, peek(area.at(65_535)).length], [7, 0, 0])
  area.unmap()
})

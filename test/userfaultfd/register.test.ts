import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import type { UffdFeature } from '#vmarea/vocabulary/uffd-feature.js'
import type { UffdMode } from '#vmarea/vocabulary/uffd-mode.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { beforeLinux } from '../support/before-linux.js'
import { folderByMemory } from '../support/folder-by-memory.js'
import { anonymous, fileMap, kernel, type Memory, memfd, page, sharedAnonymous } from './memory.js'
import { peek } from './peek.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('minor_shmem', 'wp_hugetlbfs_shmem', 'wp_async', 'poison', 'move')

const combinations: UffdMode[][] = [
  ['missing'],
  ['wp'],
  ['minor'],
  ['missing', 'wp'],
  ['missing', 'minor'],
  ['missing', 'wp', 'minor'],
]

/** What memory may be registered for, by its kind. */
const disk = folderByMemory(false)
const tmpfs = folderByMemory(true)
const noDisk = disk === undefined && 'every folder here is on tmpfs'
const noTmpfs = tmpfs === undefined && 'no folder here is on tmpfs'
interface Kind {
  name: string
  minor: boolean
  only?: 'wp'
  features?: UffdFeature[]
  skip?: string | false
  make: () => Memory
}
const onDisk: Omit<Kind, 'name' | 'make'> = { minor: false, only: 'wp', features: ['wp_async'], skip: noDisk }
const kinds: readonly Kind[] = [
  { name: 'anonymous', minor: false, make: () => anonymous(4) },
  { name: 'anonymous, read-only', minor: false, make: () => anonymous(4, PROT.READ) },
  { name: 'shared anonymous', minor: true, make: () => sharedAnonymous(4) },
  { name: 'memfd, shared', minor: true, make: () => memfd(4).map() },
  { name: 'memfd, private', minor: true, make: () => memfd(4).map(MAP.PRIVATE) },
  { name: 'file on tmpfs, private', minor: true, skip: noTmpfs, make: () => file(tmpfs!, MAP.PRIVATE) },
  { name: 'file on tmpfs, shared', minor: true, skip: noTmpfs, make: () => file(tmpfs!, MAP.SHARED) },
  { name: 'file on a disk, private', ...onDisk, make: () => file(disk!, MAP.PRIVATE) },
  { name: 'file on a disk, shared', ...onDisk, make: () => file(disk!, MAP.SHARED) },
]

function file(parent: string, flags: number): Memory {
  const folder = mkdtempSync(join(parent, 'vmarea-'))
  writeFileSync(join(folder, 'file'), '')
  truncateSync(join(folder, 'file'), 4 * page)
  try {
    return fileMap(join(folder, 'file'), 4, PROT.READ | PROT.WRITE, flags)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

for (const kind of kinds) {
  for (const modes of combinations) {
    const possible = kind.only === undefined ? kind.minor || !modes.includes('minor') : modes.join() === kind.only
    test(`${kind.name}, ${modes.join(' and ')}: ${possible ? 'allowed' : 'refused'}`, {
      skip: skip || (kind.skip ?? false),
    }, () => {
      using uffd = bindUserfaultfd(() => kernel).create({
        features: kind.features ?? ['minor_shmem', 'missing_shmem', 'wp_hugetlbfs_shmem'],
      })
      const area = kind.make()
      const register = () => uffd.register(area.start, area.length, modes)
      if (!possible) {
        assert.throws(register, (error) => error instanceof VmError && error.code === 'EINVAL')
      } else {
        const ioctls = register()
        assert.equal(ioctls.has('writeprotect'), modes.includes('wp'))
        assert.equal(ioctls.has('continue'), modes.includes('minor'))
        for (const always of ['wake', 'copy', 'poison'] as const) assert.ok(ioctls.has(always), always)
        assert.equal(ioctls.unknown, 0n)
        const protect = () => uffd.writeProtect(area.start, area.length)
        if (modes.includes('wp')) assert.equal(protect(), area.length)
        else assert.throws(protect, { code: 'ENOENT' })
        if (kind.only === undefined) {
          assert.equal(uffd.copy(area.start, page, new Uint8Array(page)), page)
          // The mark that protects a missing page is in the way of zeros for a private page, and of poison for any.
          if (modes.includes('wp')) uffd.writeProtect(area.at(1), page, false)
          assert.equal(uffd.zero(area.at(1), page), page)
          if (kind.minor && modes.includes('wp')) {
            assert.throws(() => uffd.poison(area.at(2), page), { code: 'EEXIST' })
            uffd.writeProtect(area.at(2), page, false)
          }
          assert.equal(uffd.poison(area.at(2), page), page)
          const map = () => uffd.continue(area.at(3), page)
          assert.throws(map, { code: kind.minor ? 'EFAULT' : 'EINVAL' })
        }
        uffd.unregister(area.start, area.length)
      }
      area.unmap()
    })
  }
}

test('anonymous memory allows exactly wake, copy, zeropage, move and poison', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(1)
  assert.equal(uffd.register(area.start, page).bits, 0x13cn)
  area.unmap()
})

test('a second registration replaces the modes, unless they are on already', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['pagefault_flag_wp'] })
  const area = anonymous(4)
  uffd.register(area.start, area.length, ['missing', 'wp'])
  try {
    uffd.register(area.start, area.length, 'missing')
  } catch (error) {
    // Linux 7.3 refuses to take the mode away.
    assert.ok(error instanceof VmError && error.code === 'EBUSY')
    assert.match(error.message, /registered for wp.*unregister it first/)
    assert.equal(beforeLinux('6.19', 'the refusal'), false)
  }
  assert.equal(uffd.writeProtect(area.start, page), page, 'a part of what is on changes nothing')
  uffd.register(area.at(1), page, 'wp')
  uffd.unregister(area.at(2), page)
  uffd.register(area.at(2), page, 'missing')
  assert.throws(() => uffd.writeProtect(area.at(2), page), { code: 'ENOENT' })
  uffd.register(area.at(2), page, 'wp')
  assert.equal(uffd.writeProtect(area.at(2), page), page)
  // What is not registered for missing faults reads zeros in the end, as it did all along.
  uffd.close()
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => peek(area.at(index))[0] ?? 'poisoned'),
    ['poisoned', 'poisoned', 0, 'poisoned'],
  )
  area.unmap()
})

test('two thousand ranges of one userfaultfd', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(4000)
  for (let index = 0; index < 4000; index += 2) uffd.register(area.at(index), page)
  for (let index = 0; index < 4000; index += 2) uffd.zero(area.at(index), page)
  assert.throws(() => uffd.zero(area.at(1), page), { code: 'ENOENT' })
  area.unmap()
})

import { byteAt } from './byte-at.js'
import type { ConformanceCases } from './conformance-case.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'
import { FREE_PLACE } from './free-place.js'
import { permissions } from './permissions.js'

export const mappingCases: ConformanceCases = {
  'mapNone, map, mapExec and mapMut give private memory with their permission': {
    run({ process, page }) {
      using none = process.mapNone({ length: page })
      using read = process.map({ length: page })
      using exec = process.mapExec({ length: page })
      using write = process.mapMut({ length: page })
      const all = [none, read, exec, write].map(({ start, end }) => permissions(process, start, end)[0])
      expect(all, ['---p', 'r--p', 'r-xp', 'rw-p'], 'permissions')
    },
  },
  'shared anonymous memory is shared': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page, shared: true })
      expect(permissions(process, memory.start, memory.end), ['rw-s'], 'permissions')
    },
  },
  'anonymous memory reads as zeros, and then as what was written': {
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      expect(memory.read(page - 2, new Uint8Array(4)), [0, 0, 0, 0], 'new memory')
      memory.write(page - 1, new Uint8Array([7, 8]))
      expect(memory.read(page - 2, new Uint8Array(4)), [0, 7, 8, 0], 'across two pages')
    },
  },
  'a mapping is as long as was said, and its last page is whole': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page + 1 })
      expect(memory.size, page + 1, 'size')
      expect(memory.end - memory.start, BigInt(page + 1), 'range')
      expect(permissions(process, memory.start, memory.start + BigInt(2 * page)), ['rw-p', 'rw-p'], 'pages')
      expectError(() => memory.read(page, new Uint8Array(2)), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    },
  },
  'unmap gives the addresses back, and a second time does nothing': {
    run({ process, page }) {
      const memory = process.mapMut({ length: page })
      const { start, end } = memory
      memory.unmap()
      memory.unmap()
      expect(permissions(process, start, end), [''], 'pages')
      expectError(() => memory.start, { code: 'ERR_VMAREA_UNMAPPED' })
    },
  },
  'a fixed address that is taken is EEXIST, and what is there stays': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      memory.write(0, new Uint8Array([5]))
      expectError(() => process.mapMut({ length: page, address: memory.start, fixed: 'noreplace' }), { code: 'EEXIST' })
      expect(byteAt(memory, 0), 5, 'what is there')
    },
  },
  'a fixed address that is free is used': {
    run({ process, page }) {
      const first = process.mapMut({ length: page, address: FREE_PLACE })
      const { start } = first
      first.unmap()
      using second = process.mapMut({ length: page, address: start, fixed: 'noreplace' })
      expect(second.start, start, 'start')
    },
  },
  'memory that is held is never mapped over': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      expectError(() => process.mapMut({ length: page, address: memory.start, fixed: 'replace' }), {
        code: 'ERR_VMAREA_RANGE_IN_USE',
      })
    },
  },
  'more than the address space is ENOMEM': {
    run({ process }) {
      expectError(() => process.mapNone({ length: 2 ** 50 }), { code: 'ENOMEM', syscall: 'mmap' })
    },
  },
  'two shared mappings of a memory file show the same bytes, and the file outlives its descriptor': {
    run({ process, page }) {
      const file = process.memfd('shared', { size: page })
      using one = process.mapMut({ file, shared: true })
      using other = process.map({ file, shared: true })
      file[Symbol.dispose]()
      one.write(3, new Uint8Array([9]))
      expect(byteAt(other, 3), 9, 'through the other')
    },
  },
  'a private mapping of a file keeps its writes to itself': {
    run({ process, page }) {
      using file = process.memfd('private', { size: page })
      using shared = process.mapMut({ file, shared: true })
      using own = process.mapMut({ file })
      shared.write(0, new Uint8Array([1]))
      expect(byteAt(own, 0), 1, 'before its first write')
      own.write(1, new Uint8Array([2]))
      expect(byteAt(shared, 1), 0, 'in the file')
      shared.write(0, new Uint8Array([3]))
      expect(byteAt(own, 0), 1, 'after its first write')
    },
  },
  'a private mapping whose first access is a write copies the rest of the page': {
    run({ process, page }) {
      using file = process.memfd('rest', { size: page })
      using shared = process.mapMut({ file, shared: true })
      shared.write(0, new Uint8Array([4, 5, 6]))
      using own = process.mapMut({ file })
      own.write(1, new Uint8Array([9]))
      expect(own.read(0, new Uint8Array(3)), [4, 9, 6], 'bytes')
    },
  },
  'an offset that is not on a page begins at that byte': {
    run({ process, page }) {
      using file = process.memfd('offset', { size: 3 * page })
      using all = process.mapMut({ file, shared: true })
      all.write(page + 5, new Uint8Array([6]))
      using part = process.map({ file, shared: true, offset: page + 5, length: page })
      expect(byteAt(part, 0), 6, 'its first byte')
      expect(part.start % BigInt(page), 5n, 'within its page')
    },
  },
  'a memory file sealed against writing can not be mapped to be written, only privately': {
    run({ process, page }) {
      using file = process.memfd('sealed', { size: page, seals: ['write'] })
      expectError(() => process.mapMut({ file, shared: true }), { code: 'EPERM' })
      using shared = process.map({ file, shared: true })
      using own = process.mapMut({ file })
      own.write(0, new Uint8Array([1]))
      expect(byteAt(shared, 0), 0, 'in the file')
    },
  },
  'the seal against writing is EBUSY while someone may write, that against shrinking holds': {
    run({ process, page }) {
      using file = process.memfd('seals', { size: 2 * page, seals: ['shrink'] })
      using shared = process.mapMut({ file, shared: true })
      expectError(() => file.addSeals('write'), { code: 'EBUSY' })
      expectError(() => file.truncate(page), { code: 'EPERM' })
      file.truncate(3 * page)
      expect([file.size, shared.size], [3 * page, 2 * page], 'sizes')
    },
  },
  'a file that was not made to be sealed never is': {
    run({ process }) {
      using file = process.memfd('plain')
      expect(file.seals, ['seal'], 'seals')
      expectError(() => file.addSeals('grow'), { code: 'EPERM' })
    },
  },
  'views lie over the memory': {
    needs: ['views'],
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      memory.bytes[1] = 4
      expect(byteAt(memory, 1), 4, 'through read')
      memory.write(2, new Uint8Array([5]))
      expect(memory.view(2, 1)[0], 5, 'through a view')
    },
  },
  'views are refused by a kernel that has none, and read and write go on': {
    lacks: 'views',
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      expectError(() => memory.bytes, { code: 'ERR_VMAREA_NO_VIEW' })
      expectError(() => memory.view(0, 1), { code: 'ERR_VMAREA_NO_VIEW' })
      expectError(() => memory.access((bytes) => bytes.length), { code: 'ERR_VMAREA_NO_VIEW' })
      memory.write(0, new Uint8Array([1]))
      expect(byteAt(memory, 0), 1, 'through read')
    },
  },
}

import { byteAt } from './byte-at.js'
import type { ConformanceCases } from './conformance-case.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'
import { permissions } from './permissions.js'

export const shapeCases: ConformanceCases = {
  'splitOff keeps the front and gives the rest, each with its bytes': {
    run({ process, page }) {
      using front = process.mapMut({ length: 3 * page })
      front.write(0, new Uint8Array([1]))
      front.write(page, new Uint8Array([2]))
      using rest = front.splitOff(page)
      expect([front.size, rest.size], [page, 2 * page], 'sizes')
      expect(front.end, rest.start, 'where they meet')
      expect([byteAt(front, 0), byteAt(rest, 0)], [1, 2], 'bytes')
    },
  },
  'splitTo gives the front and keeps the rest': {
    run({ process, page }) {
      using rest = process.mapMut({ length: 3 * page })
      rest.write(2 * page, new Uint8Array([3]))
      using front = rest.splitTo(2 * page)
      expect([front.size, rest.size], [2 * page, page], 'sizes')
      expect(byteAt(rest, 0), 3, 'its byte')
    },
  },
  'a split that is not on a page, or leaves nothing, is refused': {
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      expectError(() => memory.splitOff(1), { code: 'ERR_VMAREA_NOT_PAGE_ALIGNED' })
      for (const at of [0, 2 * page, 3 * page]) {
        expectError(() => memory.splitOff(at), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
      }
      expect(memory.size, 2 * page, 'size')
    },
  },
  'one part can change its permission and go, and the others stay': {
    run({ process, page }) {
      using first = process.mapMut({ length: 3 * page })
      const { start, end } = first
      using third = first.splitOff(2 * page)
      const second = first.splitOff(page).makeReadOnly()
      expect(permissions(process, start, end), ['rw-p', 'r--p', 'rw-p'], 'permissions')
      second.unmap()
      expect(permissions(process, start, end), ['rw-p', '', 'rw-p'], 'after unmap')
      expect([byteAt(first, 0), byteAt(third, 0)], [0, 0], 'bytes')
    },
  },
  'the kernel splits an area where a permission changes and merges it when that is undone': {
    run({ process, page }) {
      using arena = process.mapNone({ length: 5 * page })
      const last = arena.splitOff(4 * page)
      const middle = arena.splitOff(page).makeMut()
      const count = () => {
        using user = process.mm.mmgetNotZero()!
        using guard = user.mmapReadLock()
        return [...guard.areas({ from: middle.start, to: last.start })].length
      }
      expect(count(), 1, 'areas of three pages')
      const tail = middle.splitOff(2 * page)
      const center = middle.splitOff(page).makeReadOnly()
      expect(count(), 3, 'areas with another one in the middle')
      const again = center.makeMut()
      expect(count(), 1, 'areas afterwards')
      for (const part of [middle, again, tail, last]) part.unmap()
    },
  },
  'two parts merge again, and the second is moved': {
    run({ process, page }) {
      using one = process.mapMut({ length: 2 * page })
      const other = one.splitOff(page)
      other.write(0, new Uint8Array([6]))
      one.merge(other)
      expect(one.size, 2 * page, 'size')
      expect(byteAt(one, page), 6, 'its byte')
      expectError(() => other.start, { code: 'ERR_VMAREA_MOVED' })
    },
  },
  'what is not next to it does not merge': {
    run({ process, page }) {
      using one = process.mapMut({ length: 3 * page })
      using third = one.splitOff(2 * page)
      using second = one.splitOff(page)
      expectError(() => one.merge(third), { code: 'ERR_VMAREA_NOT_ADJACENT' })
      expectError(() => second.merge(one), { code: 'ERR_VMAREA_NOT_ADJACENT' })
      expect([one.size, second.size, third.size], [page, page, page], 'sizes')
    },
  },
  'resize keeps the bytes, and what is new is zero': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      memory.write(0, new Uint8Array([4]))
      memory.resize(16 * page)
      expect(memory.size, 16 * page, 'size')
      expect([byteAt(memory, 0), byteAt(memory, 16 * page - 1)], [4, 0], 'bytes')
      const { start } = memory
      memory.resize(page)
      expect(memory.start, start, 'start after shrinking')
      expect(byteAt(memory, 0), 4, 'byte after shrinking')
      expectError(() => byteAt(memory, page), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    },
  },
  'a mapping that has no room behind it moves when it grows': {
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      using behind = memory.splitOff(page)
      const { start } = memory
      memory.write(0, new Uint8Array([3]))
      memory.resize(4 * page)
      expect(memory.start === start, false, 'it stayed')
      expect(byteAt(memory, 0), 3, 'its byte')
      expect(permissions(process, start, behind.end), ['', 'rw-p'], 'where it was')
    },
  },
}

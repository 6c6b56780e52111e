import { MmapMut } from '../mapping/handle/mmap-mut.js'
import { byteAt } from './byte-at.js'
import type { ConformanceCases } from './conformance-case.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'
import { permissions } from './permissions.js'

export const reservationCases: ConformanceCases = {
  'a reservation has no access until a part is committed': {
    run({ process, page }) {
      using heap = process.reserveMut({ length: 4 * page })
      expect(permissions(process, heap.start, heap.end), ['---p', '---p', '---p', '---p'], 'reserved')
      heap.commit(page, 2 * page)
      expect(permissions(process, heap.start, heap.end), ['---p', 'rw-p', 'rw-p', '---p'], 'committed')
      heap.write(page, new Uint8Array([5]))
      expect(byteAt(heap, page), 5, 'its byte')
    },
  },
  'what is not committed is not accessed, not even in part': {
    run({ process, page }) {
      using heap = process.reserveMut({ length: 2 * page })
      heap.commit(0, page)
      expectError(() => byteAt(heap, page), { code: 'ERR_VMAREA_NOT_COMMITTED' })
      expectError(() => heap.write(page - 1, new Uint8Array(2)), { code: 'ERR_VMAREA_NOT_COMMITTED' })
    },
  },
  'decommit gives the memory back: it is zero when it is committed again': {
    run({ process, page }) {
      using heap = process.reserveMut({ length: 2 * page })
      heap.commit()
      heap.write(0, new Uint8Array(2 * page).fill(9))
      heap.decommit(page, page)
      expect(permissions(process, heap.start, heap.end), ['rw-p', '---p'], 'permissions')
      heap.commit(page, page)
      expect([byteAt(heap, page - 1), byteAt(heap, page)], [9, 0], 'bytes')
    },
  },
  'to commit twice changes nothing': {
    run({ process, page }) {
      using heap = process.reserveMut({ length: page })
      heap.commit()
      heap.write(0, new Uint8Array([2]))
      heap.commit()
      expect(byteAt(heap, 0), 2, 'its byte')
    },
  },
  'a part is whole pages': {
    run({ process, page }) {
      using heap = process.reserveMut({ length: 2 * page })
      expectError(() => heap.commit(1, page), { code: 'ERR_VMAREA_NOT_PAGE_ALIGNED' })
      expectError(() => heap.commit(page, 2 * page), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    },
  },
  'a reservation becomes committed memory as a whole': {
    run({ process, page }) {
      const heap = process.reserveMut({ length: 2 * page })
      using memory = MmapMut.from(heap)
      expect(permissions(process, memory.start, memory.end), ['rw-p', 'rw-p'], 'permissions')
      expectError(() => heap.start, { code: 'ERR_VMAREA_MOVED' })
    },
  },
  'a reservation of a terabyte costs no memory': {
    run({ process, page }) {
      using heap = process.reserveMut({ length: 2 ** 40 })
      const last = 2 ** 40 - page
      heap.commit(last, page)
      heap.write(last, new Uint8Array([1]))
      expect(byteAt(heap, last), 1, 'its last page')
    },
  },
}

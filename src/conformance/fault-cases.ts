import { byteAt } from './byte-at.js'
import type { ConformanceCases } from './conformance-case.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'

export const faultCases: ConformanceCases = {
  'a page past the end of the file is a fault, and the pages before it are not': {
    run({ process, page }) {
      using file = process.memfd('cut', { size: 2 * page })
      using memory = process.mapMut({ file, shared: true })
      memory.write(0, new Uint8Array([1]))
      file.truncate(page)
      expect(byteAt(memory, 0), 1, 'the first page')
      expectError(() => byteAt(memory, page), {
        code: 'ERR_VMAREA_FAULT',
        reason: 'past-end-of-file',
        access: 'read',
        offset: page,
      })
      expectError(() => memory.write(page, new Uint8Array(1)), { reason: 'past-end-of-file', access: 'write' })
    },
  },
  'when the file has grown again its pages are there, and zero': {
    run({ process, page }) {
      using file = process.memfd('grown', { size: 2 * page })
      using memory = process.mapMut({ file, shared: true })
      memory.write(page, new Uint8Array([1]))
      file.truncate(page)
      expectError(() => byteAt(memory, page), { reason: 'past-end-of-file' })
      file.truncate(2 * page)
      expect(byteAt(memory, page), 0, 'the second page')
    },
  },
  'what comes before the fault is copied': {
    run({ process, page }) {
      using file = process.memfd('partly', { size: page })
      using memory = process.mapMut({ file, shared: true, length: 2 * page })
      memory.write(page - 1, new Uint8Array([3]))
      const target = new Uint8Array([8, 8])
      expectError(() => memory.read(page - 1, target), { reason: 'past-end-of-file', offset: page })
      expect(target[0], 3, 'the byte before')
      expectError(() => memory.write(page - 1, new Uint8Array([4, 4])), { reason: 'past-end-of-file' })
      expect(byteAt(memory, page - 1), 4, 'the byte written before')
    },
  },
  'a guard page is a fault until it is removed, and then zero': {
    needs: ['guard-pages'],
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      memory.write(page, new Uint8Array([1]))
      memory.advise('guard_install', page, page)
      expectError(() => byteAt(memory, page), { code: 'ERR_VMAREA_FAULT', offset: page })
      expect(byteAt(memory, page - 1), 0, 'the page before')
      memory.advise('guard_remove', page, page)
      expect(byteAt(memory, page), 0, 'afterwards')
    },
  },
  'dontneed drops anonymous pages, and not those of a shared file': {
    run({ process, page }) {
      using file = process.memfd('kept', { size: page })
      using shared = process.mapMut({ file, shared: true })
      using own = process.mapMut({ length: page })
      for (const memory of [shared, own]) {
        memory.write(0, new Uint8Array([1]))
        memory.advise('dontneed')
      }
      expect([byteAt(shared, 0), byteAt(own, 0)], [1, 0], 'bytes')
    },
  },
  'dontneed of a private mapping of a file drops its copy': {
    run({ process, page }) {
      using file = process.memfd('copy', { size: page })
      using own = process.mapMut({ file })
      own.write(0, new Uint8Array([1]))
      own.advise('dontneed')
      expect(byteAt(own, 0), 0, 'its byte')
    },
  },
  'remove punches a hole into a shared file, in every mapping': {
    run({ process, page }) {
      using file = process.memfd('hole', { size: 2 * page })
      using one = process.mapMut({ file, shared: true })
      using other = process.map({ file, shared: true })
      one.write(0, new Uint8Array(2 * page).fill(1))
      expect([byteAt(other, 0), byteAt(other, page)], [1, 1], 'bytes before')
      one.advise('remove', 0, page)
      expect([byteAt(one, 0), byteAt(other, 0), byteAt(other, page)], [0, 0, 1], 'bytes')
      using anew = process.map({ file, shared: true })
      expect([byteAt(anew, 0), byteAt(anew, page)], [0, 1], 'bytes in the file')
      expect(file.size, 2 * page, 'size')
    },
  },
  'a page is resident once it was touched': {
    run({ process, page }) {
      using memory = process.mapMut({ length: 3 * page })
      memory.advise('nohugepage')
      expect(memory.resident(), [0, 0, 0], 'new memory')
      memory.write(page, new Uint8Array([1]))
      expect(memory.resident(), [0, 1, 0], 'after a write')
      memory.advise('dontneed', page, page)
      expect(memory.resident(), [0, 0, 0], 'after dontneed')
    },
  },
  'populate brings pages in': {
    async run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      memory.advise('nohugepage')
      await memory.populate(0, page)
      expect(memory.resident(), [1, 0], 'residency')
    },
  },
  'locked memory stays in memory until it is unlocked': {
    needs: ['locked-memory'],
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      memory.lock(0, page)
      expect(memory.resident()[0], 1, 'residency')
      expectError(() => memory.advise('dontneed', 0, page), { code: 'EINVAL', syscall: 'madvise' })
      memory.unlock(0, page)
      memory.advise('dontneed', 0, page)
      expect(byteAt(memory, 0), 0, 'its byte')
    },
  },
}

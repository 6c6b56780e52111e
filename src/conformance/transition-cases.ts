import { Mmap } from '../mapping/handle/mmap.js'
import { MmapMut } from '../mapping/handle/mmap-mut.js'
import { byteAt } from './byte-at.js'
import type { ConformanceCases } from './conformance-case.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'
import { permissions } from './permissions.js'

export const transitionCases: ConformanceCases = {
  'each permission can be reached from each, and the bytes stay': {
    run({ process, page }) {
      const first = process.mapMut({ length: page })
      first.write(0, new Uint8Array([7]))
      const none = first.makeNone()
      expect(permissions(process, none.start, none.end), ['---p'], 'none')
      const exec = none.makeExec()
      expect(permissions(process, exec.start, exec.end), ['r-xp'], 'exec')
      const read = exec.makeReadOnly()
      expect(permissions(process, read.start, read.end), ['r--p'], 'read')
      expect(byteAt(read, 0), 7, 'the byte')
      using write = read.makeMut()
      expect(permissions(process, write.start, write.end), ['rw-p'], 'write')
      write.write(0, new Uint8Array([8]))
      expect(byteAt(write, 0), 8, 'the new byte')
    },
  },
  'a handle that was moved refuses every use': {
    run({ process, page }) {
      const old = process.mapMut({ length: page })
      using read = old.makeReadOnly()
      for (const use of [() => old.start, () => old.size, () => byteAt(old, 0), () => old.makeNone()]) {
        expectError(use, { code: 'ERR_VMAREA_MOVED' })
      }
      old.unmap()
      expect(byteAt(read, 0), 0, 'the new handle, after unmap of the old')
    },
  },
  'Mmap.from and MmapMut.from are the transitions': {
    run({ process, page }) {
      const read = Mmap.from(process.mapNone({ length: page }))
      expect(permissions(process, read.start, read.end), ['r--p'], 'Mmap')
      using write = MmapMut.from(read)
      expect(permissions(process, write.start, write.end), ['rw-p'], 'MmapMut')
    },
  },
  'writable and executable at once is refused without jit, and the handle stays good': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      expectError(() => memory.makeExecMut(), { code: 'ERR_VMAREA_WRITABLE_AND_EXECUTABLE' })
      expectError(() => process.mapExecMut({ length: page }), { code: 'ERR_VMAREA_WRITABLE_AND_EXECUTABLE' })
      expect(byteAt(memory, 0), 0, 'the handle')
    },
  },
  'jit allows memory that is writable and executable at once': {
    run({ process, page }) {
      using memory = process.mapExecMut({ length: page, jit: true })
      expect(permissions(process, memory.start, memory.end), ['rwxp'], 'permissions')
    },
  },
  'a transition that the kernel refuses leaves the handle as it was': {
    run({ process, page }) {
      using file = process.memfd('sealed', { size: page, seals: ['write'] })
      using shared = process.map({ file, shared: true })
      expectError(() => shared.makeMut(), { code: 'EACCES', syscall: 'mprotect' })
      expect(permissions(process, shared.start, shared.end), ['r--s'], 'permissions')
      expect(byteAt(shared, 0), 0, 'the handle')
    },
  },
}

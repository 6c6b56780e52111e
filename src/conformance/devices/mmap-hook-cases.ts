import { MmapMut } from '../../mapping/handle/mmap-mut.js'
import { PROT } from '../../vocabulary/prot.js'
import { VM } from '../../vocabulary/vm.js'
import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { expectError } from '../expect-error.js'
import { expectRejection } from '../expect-rejection.js'
import { FREE_PLACE } from '../free-place.js'
import { flagsAt } from './flags-at.js'
import { rootCause } from './root-cause.js'
import { withDevice } from './with-device.js'

/** Cases of what an `mmap` hook refuses and sets, one for each function of `VmaNew`. */
export const mmapHookCases: ConformanceCases = {
  'mmap: a hook that throws VmError gives that error': withDevice(
    () => ({ refuse: 'VmError' }),
    (device) => expectError(() => device.map(), { code: 'EBUSY', syscall: 'mmap' }),
  ),
  'mmap: a hook that throws anything else gives EIO with its cause': withDevice(
    () => ({ refuse: 'Error' }),
    (device, { process, page }) => {
      let thrown: unknown
      try {
        device.map()
      } catch (error) {
        thrown = error
      }
      expect([Reflect.get(thrown as Error, 'code'), (thrown as Error).name], ['EIO', 'VmError'], 'error')
      expect(rootCause(thrown).message, 'the driver does not want to', 'cause')
      using other = process.mapMut({ length: page })
      other.write(0, new Uint8Array([1]))
    },
  ),
  'mmap: where a hook fails, what fixed replaced is left a hole': withDevice(
    () => ({ refuse: 'Error' }),
    (device, { process, page }) => {
      const memory = process.mapMut({ length: 3 * page, address: FREE_PLACE })
      const middle = memory.start + BigInt(page)
      memory.unmap()
      using before = process.mapMut({ length: page, address: middle - BigInt(page), fixed: 'noreplace' })
      const { calls } = process.kernel
      calls.mmap(middle, page, PROT.READ, 0x32, -1, 0)
      expectError(() => device.map({ length: page, address: middle, fixed: 'replace', foreign: true }), { code: 'EIO' })
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      expect(guard.vmaLookup(middle), undefined, 'the area in the middle')
      expect(before.size, page, 'the one before')
    },
  ),
  'setMixedmap sets VM_MIXEDMAP': withDevice(
    () => ({ setUp: ['setMixedmap'] }),
    (device, { process, page }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.MIXEDMAP, VM.MIXEDMAP, 'flag')
      expect(byteAt(memory, page + 100), 1, 'a page')
    },
  ),
  'setIo sets VM_IO, and populate is refused': withDevice(
    () => ({ setUp: ['setIo'] }),
    async (device, { process }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.IO, VM.IO, 'flag')
      await expectRejection(memory.populate(), { code: 'EINVAL' })
      expect(byteAt(memory, 100), 0, 'a page')
    },
  ),
  'setDontexpand sets VM_DONTEXPAND, and the area can not grow': withDevice(
    () => ({ setUp: ['setDontexpand'] }),
    (device, { process, page }) => {
      using memory = device.map({ length: 2 * page })
      expect(flagsAt(process, memory.start) & VM.DONTEXPAND, VM.DONTEXPAND, 'flag')
      expectError(() => memory.resize(3 * page), { code: 'EFAULT' })
      expect(memory.size, 2 * page, 'size')
      expect(byteAt(memory, page + 100), 1, 'a page')
      memory.resize(page)
      expect(byteAt(memory, 100), 0, 'a page of what is left')
    },
  ),
  'setDontcopy sets VM_DONTCOPY, which dofork takes away': withDevice(
    () => ({ setUp: ['setDontcopy'] }),
    (device, { process }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.DONTCOPY, VM.DONTCOPY, 'flag')
      memory.advise('dofork')
      expect(flagsAt(process, memory.start) & VM.DONTCOPY, 0n, 'afterwards')
    },
  ),
  'setDontcopy is for good with setIo': withDevice(
    () => ({ setUp: ['setDontcopy', 'setIo'] }),
    (device, { process }) => {
      using memory = device.map()
      expectError(() => memory.advise('dofork'), { code: 'EINVAL' })
      expect(flagsAt(process, memory.start) & VM.DONTCOPY, VM.DONTCOPY, 'flag')
    },
  ),
  'setDontdump sets VM_DONTDUMP, which dodump takes away': withDevice(
    () => ({ setUp: ['setDontdump'] }),
    (device, { process }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.DONTDUMP, VM.DONTDUMP, 'flag')
      memory.advise('dodump')
      expect(flagsAt(process, memory.start) & VM.DONTDUMP, 0n, 'afterwards')
    },
  ),
  'setDontdump is for good in a special area': withDevice(
    () => ({ setUp: ['setDontdump', 'setDontexpand'] }),
    (device, { process }) => {
      using memory = device.map()
      expectError(() => memory.advise('dodump'), { code: 'EINVAL' })
      expect(flagsAt(process, memory.start) & VM.DONTDUMP, VM.DONTDUMP, 'flag')
    },
  ),
  'tryClearMayread is refused on an area that is readable': withDevice(
    () => ({ setUp: ['tryClearMayread'] }),
    (device) => expectError(() => device.map(), { code: 'EINVAL', syscall: 'try_clear_mayread' }),
  ),
  'tryClearMaywrite is refused on an area that is writable': withDevice(
    () => ({ setUp: ['tryClearMaywrite'] }),
    (device) => {
      for (const shared of [false, true]) {
        expectError(() => device.map({ protection: 'write', shared }), {
          code: 'EINVAL',
          syscall: 'try_clear_maywrite',
        })
      }
    },
  ),
  'after tryClearMaywrite no path makes the area writable': withDevice(
    () => ({ setUp: ['tryClearMaywrite'] }),
    (device, { process, page }) => {
      for (const shared of [false, true]) {
        using memory = device.map({ shared })
        expect(flagsAt(process, memory.start) & VM.MAYWRITE, 0n, 'VM_MAYWRITE')
        expectError(() => memory.makeMut(), { code: 'EACCES' })
        expectError(() => MmapMut.from(memory), { code: 'EACCES' })
        expectError(() => process.kernel.calls.mprotect(memory.start, page, PROT.READ | PROT.WRITE), { code: 'EACCES' })
        const tail = memory.splitOff(8 * page)
        expectError(() => tail.makeMut(), { code: 'EACCES' })
        expectError(() => memory.makeMut(), { code: 'EACCES' })
        memory.merge(tail)
        expectError(() => memory.makeMut(), { code: 'EACCES' })
        using executable = memory.makeExec()
        expectError(() => executable.makeMut(), { code: 'EACCES' })
        using back = executable.makeNone().makeReadOnly()
        expectError(() => back.makeMut(), { code: 'EACCES' })
        expect(byteAt(back, 9 * page + 100), 9, 'a byte')
      }
    },
  ),
  'after tryClearMayexec the area can not become executable': withDevice(
    () => ({ setUp: ['tryClearMayexec'] }),
    (device, { process }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.MAYEXEC, 0n, 'VM_MAYEXEC')
      expectError(() => memory.makeExec(), { code: 'EACCES' })
      expect(byteAt(memory, 100), 0, 'a byte')
    },
  ),
}

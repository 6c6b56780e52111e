import { Mm } from '../mm/mm.js'
import { PAGE_STATE } from '../vocabulary/page-state.js'
import { VM } from '../vocabulary/vm.js'
import type { ConformanceCases } from './conformance-case.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'

export const seeingCases: ConformanceCases = {
  'an area is found by each address in it, and a gap gives nothing': {
    run({ process, page }) {
      using before = process.mapMut({ length: 3 * page })
      using after = before.splitOff(2 * page)
      const middle = before.splitOff(page)
      const gap = middle.start
      middle.unmap()
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      expect(guard.vmaLookup(gap), undefined, 'in the gap')
      expect(guard.vmaLookup(gap - 1n)?.end, gap, 'end of the area before')
      expect(guard.vmaLookup(after.start)?.start, after.start, 'start of the area behind')
    },
  },
  'the areas of a range come whole, in order, and are those that lookup finds': {
    run({ process, page }) {
      using first = process.mapMut({ length: 2 * page })
      using second = first.splitOff(page).makeReadOnly()
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      const areas = [...guard.areas({ from: first.start, to: second.end })]
      expect(
        areas.map(({ writable }) => writable),
        [true, false],
        'areas',
      )
      for (const area of areas) expect(guard.vmaLookup(area.start)?.end, area.end, 'the same by lookup')
    },
  },
  'flags tell what was mapped': {
    run({ process, page }) {
      using file = process.memfd('flags', { size: page })
      using own = process.mapMut({ length: page, noCoreDump: true })
      using shared = process.map({ file, shared: true })
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      const flags = (address: bigint) => guard.vmaLookup(address)!.flags
      const wanted = VM.READ | VM.WRITE | VM.MAYREAD | VM.MAYWRITE | VM.DONTDUMP
      expect(flags(own.start) & (wanted | VM.EXEC | VM.SHARED), wanted, 'private memory')
      expect(
        flags(shared.start) & (VM.READ | VM.WRITE | VM.SHARED | VM.MAYSHARE),
        VM.READ | VM.SHARED | VM.MAYSHARE,
        'shared memory',
      )
    },
  },
  'an area of a memory file has its name, its offset and its inode, and is deleted': {
    run({ process, page }) {
      using file = process.memfd('named', { size: 2 * page })
      using memory = process.map({ file, shared: true, offset: page })
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      const area = guard.vmaLookup(memory.start)!
      expect([area.path, area.offset, area.deleted], ['/memfd:named', BigInt(page), true], 'path, offset, deleted')
      expect(area.inode > 0n, true, 'an inode')
    },
  },
  'nothing of a guard works after its release': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      using user = process.mm.mmgetNotZero()!
      const guard = user.mmapReadLock()
      const area = guard.vmaLookup(memory.start)!
      guard.release()
      expectError(() => guard.vmaLookup(memory.start), { code: 'ERR_VMAREA_GUARD_RELEASED' })
      expectError(() => area.start, { code: 'ERR_VMAREA_GUARD_RELEASED' })
      expectError(() => area.flags, { code: 'ERR_VMAREA_GUARD_RELEASED' })
    },
  },
  'the layout can not change under a guard of the same thread': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      using user = process.mm.mmgetNotZero()!
      {
        using guard = user.mmapReadLock()
        expectError(() => process.mapMut({ length: page }), { code: 'EDEADLK' })
        expectError(() => memory.unmap(), { code: 'EDEADLK' })
        expect(guard.vmaLookup(memory.start)?.writable, true, 'the area')
      }
      memory.unmap()
    },
  },
  "an area's own lock is a reference and a guard in one": {
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      using user = process.mm.mmgetNotZero()!
      const area = user.lockVmaUnderRcu(memory.start)!
      expect(area.writable, true, 'writable')
      area.release()
      expectError(() => area.writable, { code: 'ERR_VMAREA_GUARD_RELEASED' })
    },
  },
  'zapPageRangeSingle drops pages, and does nothing outside the area': {
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      memory.write(0, new Uint8Array(2 * page).fill(1))
      using user = process.mm.mmgetNotZero()!
      {
        using guard = user.mmapReadLock()
        const area = guard.vmaLookup(memory.start)!
        area.zapPageRangeSingle(memory.start, page)
        area.zapPageRangeSingle(area.end - BigInt(page), 2 * page)
      }
      expect([...memory.read(page - 1, new Uint8Array(2))], [0, 1], 'bytes')
    },
  },
  'the states of pages come as runs, whatever areas they lie in, and what is not mapped is left out': {
    run({ process, page }) {
      using memory = process.mapMut({ length: 8 * page })
      memory.advise('nohugepage')
      memory.write(2 * page, new Uint8Array(2 * page).fill(1))
      using rest = memory.splitOff(3 * page)
      using locked = rest.splitOff(3 * page).makeReadOnly()
      const { start } = memory
      const runs = () => {
        using user = process.mm.mmgetNotZero()!
        using guard = user.mmapReadLock()
        const found = [...guard.pages({ from: start, to: start + BigInt(8 * page) })]
        return found.map((run) => [Number(run.start - start) / page, Number(run.end - start) / page, run.state])
      }
      const before = [
        [0, 2, 0],
        [2, 4, PAGE_STATE.PRESENT],
        [4, 8, 0],
      ]
      expect(runs(), before, 'runs')
      rest.unmap()
      expect(locked.size, 2 * page, 'the last area')
      expect(
        runs(),
        [
          [0, 2, 0],
          [2, 3, PAGE_STATE.PRESENT],
          [6, 8, 0],
        ],
        'runs around a hole',
      )
    },
  },
  'an ordinary area is no mixed map': {
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      expect(guard.vmaLookup(memory.start)!.asMixedmapVma(), undefined, 'asMixedmapVma')
    },
  },
  'readMemory reads what is mapped, and as far as it is': {
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      memory.write(page - 1, new Uint8Array([7]))
      const behind = memory.splitOff(page)
      using none = behind.makeNone()
      using user = process.mm.mmgetNotZero()!
      const target = new Uint8Array(2)
      expect(user.readMemory(memory.end - 1n, target), 1, 'bytes read')
      expect(target[0], 7, 'the byte')
      expectError(() => user.readMemory(none.start, target), { code: 'EFAULT' })
    },
  },
  'an address space is found by the number of its process': {
    needs: ['other-processes'],
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      using mm = Mm.of(process.mm.pid)
      using user = mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      expect(guard.vmaLookup(memory.start)?.writable, true, 'the area')
    },
  },
}

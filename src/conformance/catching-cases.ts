import type { UffdEvent } from '../userfaultfd/uffd-event.js'
import type { Userfaultfd } from '../userfaultfd/userfaultfd.js'
import { VM } from '../vocabulary/vm.js'
import { byteAt } from './byte-at.js'
import type { ConformanceCases } from './conformance-case.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'

async function nextEvent(uffd: Userfaultfd): Promise<UffdEvent> {
  for await (const event of uffd.events()) return event
  throw new Error('the userfaultfd was closed')
}

export const catchingCases: ConformanceCases = {
  'a missing page waits, is announced once, and reads as it was copied': {
    needs: ['userfaultfd'],
    async run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      using uffd = process.userfaultfd()
      uffd.register(memory.start, memory.size)
      const waiting = memory.readAsync(page, new Uint8Array(1))
      const event = await nextEvent(uffd)
      expect(
        event.kind === 'pagefault' && [event.address, event.fault, event.write],
        [memory.start + BigInt(page), 'missing', false],
        'event',
      )
      expect(uffd.readEvent(), undefined, 'a second event')
      uffd.copy(memory.start + BigInt(page), page, new Uint8Array(page).fill(7))
      expect((await waiting)[0], 7, 'the byte')
    },
  },
  'an access that only this thread could answer is refused, and can be made later': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      using uffd = process.userfaultfd()
      uffd.register(memory.start, memory.size)
      expectError(() => byteAt(memory, page), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      expectError(() => memory.write(0, new Uint8Array([1])), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      expect(uffd.readEvent(), undefined, 'an event')
      uffd.copy(memory.start, 2 * page, new Uint8Array(2 * page).fill(5))
      expect(byteAt(memory, page), 5, 'the byte')
    },
  },
  'a call that faults pages in is refused where only this thread could answer, and changes nothing': {
    needs: ['userfaultfd', 'locked-memory'],
    run({ process, page }) {
      using memory = process.mapMut({ length: 3 * page })
      memory.write(0, new Uint8Array([3]))
      using uffd = process.userfaultfd()
      uffd.register(memory.start, memory.size)
      expectError(() => memory.lock(), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      expectError(() => memory.lock(page, page), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      expectError(() => memory.advise('populate_read'), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      expectError(() => memory.advise('populate_write'), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      using user = process.mm.mmgetNotZero()!
      const bytes = new Uint8Array(2 * page)
      expectError(() => user.readMemory(memory.start, bytes), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      expectError(() => user.advise(memory.start, memory.size, 'populate_read'), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      expectError(() => user.advise(memory.start, memory.size, 'populate_write'), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
      expect(uffd.readEvent(), undefined, 'an event')
      memory.lock(0, page)
      memory.unlock()
      uffd.copy(memory.start + BigInt(page), 2 * page, new Uint8Array(2 * page).fill(5))
      memory.lock()
      expect(byteAt(memory, page), 5, 'the byte')
      memory.unlock()
      memory.makeReadOnly().lock()
    },
  },
  'a page that is there is not caught': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      memory.write(0, new Uint8Array([3]))
      using uffd = process.userfaultfd()
      uffd.register(memory.start, memory.size)
      expect(byteAt(memory, 0), 3, 'the byte')
      expect(uffd.readEvent(), undefined, 'an event')
    },
  },
  'copy and zero fill what is missing, and leave what is there': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      using uffd = process.userfaultfd()
      uffd.register(memory.start, memory.size)
      expect(uffd.copy(memory.start, page, new Uint8Array(page).fill(1)), page, 'bytes done')
      expect(uffd.zero(memory.start + BigInt(page), page), page, 'bytes done')
      expectError(() => uffd.copy(memory.start, page, new Uint8Array(page)), { code: 'EEXIST' })
      expectError(() => uffd.zero(memory.start + BigInt(page), page), { code: 'EEXIST' })
      expect([byteAt(memory, 0), byteAt(memory, page)], [1, 0], 'bytes')
    },
  },
  'a copy that meets a page that is there says how far it came': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: 3 * page })
      memory.advise('nohugepage')
      memory.write(2 * page, new Uint8Array([9]))
      using uffd = process.userfaultfd()
      uffd.register(memory.start, memory.size)
      expectError(() => uffd.copy(memory.start, 3 * page, new Uint8Array(3 * page).fill(1)), {
        code: 'EEXIST',
        done: 2 * page,
      })
      expect([byteAt(memory, page), byteAt(memory, 2 * page)], [1, 9], 'bytes')
    },
  },
  'a registration shows in the flags, and goes with unregister, which lets missing pages be zero': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      using uffd = process.userfaultfd()
      using user = process.mm.mmgetNotZero()!
      const caught = () => {
        using guard = user.mmapReadLock()
        return (guard.vmaLookup(memory.start)!.flags & VM.UFFD_MISSING) !== 0n
      }
      uffd.register(memory.start, memory.size)
      expect(caught(), true, 'registered')
      uffd.unregister(memory.start, memory.size)
      expect(caught(), false, 'registered afterwards')
      expect(byteAt(memory, 0), 0, 'the byte')
    },
  },
  'what was not served is poisoned when the last handle is closed': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: 2 * page })
      memory.advise('nohugepage')
      memory.write(0, new Uint8Array([1]))
      const uffd = process.userfaultfd()
      uffd.register(memory.start, memory.size)
      uffd.close()
      expect(byteAt(memory, 0), 1, 'what was there')
      expectError(() => byteAt(memory, page), { code: 'ERR_VMAREA_FAULT', reason: 'poisoned' })
    },
  },
  'what was not served is zero where the last handle is closed with that': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      const uffd = process.userfaultfd()
      uffd.register(memory.start, memory.size)
      uffd.close({ missing: 'zero' })
      expect(byteAt(memory, 0), 0, 'the byte')
    },
  },
  'a second userfaultfd can not have the same range': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      using one = process.userfaultfd()
      using other = process.userfaultfd()
      one.register(memory.start, memory.size)
      expectError(() => other.register(memory.start, memory.size), { code: 'EBUSY' })
      one.unregister(memory.start, memory.size)
      other.register(memory.start, memory.size)
      other.close({ missing: 'zero' })
    },
  },
  'nothing mapped is EINVAL to register': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      const memory = process.mapMut({ length: page })
      const { start } = memory
      memory.unmap()
      using uffd = process.userfaultfd()
      expectError(() => uffd.register(start, page), { code: 'EINVAL' })
    },
  },
  'a write-protected page can be read, and its write waits': {
    needs: ['userfaultfd', 'write-protection'],
    async run({ process, page }) {
      using memory = process.mapMut({ length: page })
      memory.write(0, new Uint8Array([1]))
      using uffd = process.userfaultfd({ features: ['pagefault_flag_wp'] })
      uffd.register(memory.start, memory.size, ['wp'])
      uffd.writeProtect(memory.start, page)
      expect(byteAt(memory, 0), 1, 'the byte')
      const waiting = memory.writeAsync(0, new Uint8Array([2]))
      const event = await nextEvent(uffd)
      expect(event.kind === 'pagefault' && [event.fault, event.write], ['wp', true], 'event')
      uffd.writeProtect(memory.start, page, false)
      await waiting
      expect(byteAt(memory, 0), 2, 'the byte afterwards')
    },
  },
  'a closed userfaultfd refuses what it is asked': {
    needs: ['userfaultfd'],
    run({ process, page }) {
      using memory = process.mapMut({ length: page })
      const uffd = process.userfaultfd()
      uffd.close()
      uffd.close()
      expect(uffd.open, false, 'open')
      expectError(() => uffd.register(memory.start, page), { code: 'EBADF' })
    },
  },
}

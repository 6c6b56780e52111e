import { ARENA } from '../differential/arena.js'
import type { Call } from '../differential/call.js'
import { holdRules, type Rule } from '../differential/hold-rules.js'

// Each rule is a sequence of calls with the results that the running kernel gave. The model must give the same, and where the kernel
// can be asked, everything that both sides can see must agree after each call.

const PAGE = ARENA.PAGE
const at = (page: number) => ARENA.START + page * PAGE
const [NONE, R, W, RW, RX] = [0, 1, 2, 3, 5]
const [SHARED, PRIVATE, FIXED, ANON, GROWSDOWN, LOCKED, NORESERVE, POPULATE] = [
  1, 2, 16, 32, 0x100, 0x2000, 0x4000, 0x8000,
]
const [NOREPLACE, DROPPABLE, STACK] = [0x100000, 8, 0x20000]
const [MAYMOVE, MOVE_FIXED, DONTUNMAP] = [1, 2, 4]
const [EPERM, EBADF, ENOMEM, EACCES, EFAULT, EBUSY, EEXIST, ENODEV, EINVAL, EOPNOTSUPP] = [
  -1, -9, -12, -13, -14, -16, -17, -19, -22, -95,
]
/** SIGSEGV with SEGV_MAPERR and SEGV_ACCERR, SIGBUS with BUS_ADRERR. */
const [MAPERR, ACCERR, SIGBUS] = [-1177, -1178, -1114]

const anon = (page: number, pages: number, protection = RW, flags = 0): Call => [
  'mmap',
  at(page),
  pages * PAGE,
  protection,
  PRIVATE | ANON | FIXED | flags,
  6,
  0,
]
const file = (page: number, pages: number, slot: number, protection = RW, type = SHARED, offset = 0): Call => [
  'mmap',
  at(page),
  pages * PAGE,
  protection,
  type | FIXED,
  slot,
  offset,
]
const advise = (page: number, pages: number, advice: number): Call => ['madvise', at(page), pages * PAGE, advice]
const protect = (page: number, pages: number, protection: number): Call => [
  'mprotect',
  at(page),
  pages * PAGE,
  protection,
]
const unmap = (page: number, pages: number): Call => ['munmap', at(page), pages * PAGE]
const move = (page: number, pages: number, newPages: number, flags: number, to = 0): Call => [
  'mremap',
  at(page),
  pages * PAGE,
  newPages * PAGE,
  flags,
  at(to),
]
const write = (page: number): Call => ['write', at(page), 0x90]
const read = (page: number): Call => ['read', at(page)]
const lock = (page: number, pages: number, flags = 0): Call => ['mlock2', at(page), pages * PAGE, flags]
const seal = (page: number, pages: number): Call => ['mseal', at(page), pages * PAGE, 0]

const rules: Record<string, Rule> = {
  '2.2 mmap: an offset within a page is EINVAL, before the descriptor is looked at': [
    [['mmap', 0, PAGE, R, PRIVATE, 6, 5]],
    EINVAL,
  ],
  '2.2 mmap: no such descriptor is EBADF': [[['mmap', 0, PAGE, R, PRIVATE, 6, 0]], EBADF],
  '2.2 mmap: length 0 is EINVAL': [[['mmap', 0, 0, R, PRIVATE | ANON, 6, 0]], EINVAL],
  '2.2 mmap: longer than the address space is ENOMEM': [[['mmap', 0, 2 ** 47, NONE, PRIVATE | ANON, 6, 0]], ENOMEM],
  '2.2 mmap: type 0 is EINVAL, SHARED_VALIDATE of anonymous memory as well': [
    [
      ['mmap', 0, PAGE, R, ANON, 6, 0],
      ['mmap', 0, PAGE, R, 3 | ANON, 6, 0],
    ],
    EINVAL,
    EINVAL,
  ],
  '2.2 mmap: a fixed address within a page is EINVAL': [
    [['mmap', at(1) + 1, PAGE, R, PRIVATE | ANON | FIXED, 6, 0]],
    EINVAL,
  ],
  '2.2 mmap: FIXED_NOREPLACE over something is EEXIST': [
    [anon(3, 2), ['mmap', at(2), 2 * PAGE, R, PRIVATE | ANON | NOREPLACE, 6, 0]],
    EEXIST,
  ],
  '2.2 mmap: a hint is rounded down to a page': [[['mmap', at(7) + 100, PAGE, R, PRIVATE | ANON, 6, 0]], at(7)],
  '2.2 mmap: SHARED_VALIDATE with an unknown flag is EOPNOTSUPP': [
    [['mmap', 0, PAGE, R, 3 | 0x80000, 0, 0]],
    EOPNOTSUPP,
  ],
  '2.2 mmap: shared and writable of a read-only descriptor is EACCES, private is fine': [
    [file(0, 1, 1), file(0, 1, 1, RW, PRIVATE)],
    EACCES,
    at(0),
  ],
  '2.2 mmap: shared of a read-only descriptor loses SHARED and MAYWRITE and keeps MAYSHARE': [
    [file(0, 1, 1, R), protect(0, 1, RW)],
    EACCES,
  ],
  '2.2 mmap: a write-only descriptor is EACCES': [[file(0, 1, 3, R)], EACCES],
  '2.2 mmap: a pipe and a directory are ENODEV, and may not be executed where their file system says so': [
    [file(0, 1, 4, R), file(0, 1, 5, R), file(0, 1, 4, RX)],
    ENODEV,
    ENODEV,
    EPERM,
  ],
  '2.2 mmap: a file sealed against writing can be shared only for reading, and stays so': [
    [['addSeals', 0, 8], file(0, 1, 0), file(0, 1, 0, R), protect(0, 1, RW)],
    0,
    EPERM,
    at(0),
    EACCES,
  ],
  '2.2 mmap: DROPPABLE takes neither LOCKED nor GROWSDOWN': [
    [
      ['mmap', at(0), PAGE, RW, DROPPABLE | ANON | LOCKED, 6, 0],
      ['mmap', at(0), PAGE, RW, DROPPABLE | ANON | GROWSDOWN, 6, 0],
      ['mmap', at(0), PAGE, RW, DROPPABLE | ANON, 6, 0],
    ],
    EINVAL,
    EINVAL,
    at(0),
  ],
  '2.2 mmap: unknown protection bits are ignored': [[['mmap', at(0), PAGE, 0xf3, PRIVATE | ANON | FIXED, 6, 0]], at(0)],
  '2.2 mmap: STACK sets NOHUGEPAGE, and NORESERVE takes ACCOUNT away': [
    [anon(0, 1, RW, STACK), anon(1, 1, RW, NORESERVE)],
    at(0),
    at(1),
  ],
  '2.3 placement: without a hint from the top down': [
    [
      ['mmap', 0, PAGE, R, PRIVATE | ANON, 6, 0],
      ['mmap', 0, 2 * PAGE, R, PRIVATE | ANON, 6, 0],
    ],
    at(47),
    at(45),
  ],
  '2.3 placement: a hint that is taken is dropped': [
    [anon(5, 1), ['mmap', at(5), PAGE, R, PRIVATE | ANON, 6, 0]],
    at(47),
  ],
  '2.3 placement: 256 pages stay free below a stack, unless the address is fixed': [
    [
      anon(20, 2, RW, GROWSDOWN),
      anon(22, 26),
      ['mmap', 0, PAGE, R, PRIVATE | ANON, 6, 0],
      ['mmap', at(5), PAGE, R, PRIVATE | ANON, 6, 0],
      anon(19, 1, R),
    ],
    ENOMEM,
    ENOMEM,
    at(19),
  ],
  '2.4 munmap: length 0 and an address within a page are EINVAL, a hole is fine': [
    [unmap(0, 0), ['munmap', at(0) + 1, PAGE], unmap(0, 3)],
    EINVAL,
    EINVAL,
    0,
  ],
  '2.4 munmap: one byte takes its page, and refilling it merges': [
    [anon(0, 3), ['munmap', at(1), 1], anon(1, 1)],
    0,
    at(1),
  ],
  '2.4 munmap: a sealed area in the range is EPERM, and the cut at the start stays': [
    [anon(0, 6), seal(3, 1), unmap(1, 4)],
    EPERM,
  ],
  '2.5 mprotect: length 0 is fine, also in a hole': [[protect(0, 0, R)], 0],
  '2.5 mprotect: across a hole is ENOMEM, with what came before it done': [
    [anon(0, 2), anon(3, 1), protect(0, 4, R)],
    ENOMEM,
  ],
  '2.5 mprotect: an unknown bit is EINVAL, PROT_SEM is fine': [
    [anon(0, 1), protect(0, 1, 0x10), protect(0, 1, 8 | R)],
    EINVAL,
    0,
  ],
  '2.5 mprotect: a sealed area is EPERM, with what came before it done': [
    [anon(0, 4), seal(2, 1), protect(0, 4, R)],
    EPERM,
  ],
  '2.5 mprotect: GROWSDOWN wants a stack, of which it takes all below': [
    [anon(0, 2), protect(0, 1, 0x0100_0000), anon(4, 4, RW, GROWSDOWN), protect(6, 1, 0x0100_0000 | R)],
    EINVAL,
    at(4),
    0,
  ],
  '2.5 mprotect: what was written keeps ACCOUNT without write access, and so does not merge': [
    [anon(0, 2, R), anon(2, 1), write(2), protect(2, 1, R)],
    0,
    0,
  ],
  '2.6 madvise: an unknown advice is EINVAL': [[anon(0, 1), advise(0, 1, 99)], EINVAL],
  '2.6 madvise: a hole is ENOMEM, and the rest is done': [[anon(0, 1), anon(2, 1), write(2), advise(0, 3, 4)], ENOMEM],
  '2.6 madvise: DONTNEED makes private memory zero again': [[anon(0, 1), write(0), advise(0, 1, 4), read(0)], 0, 0],
  '2.6 madvise: DONTNEED of locked memory is EINVAL, DONTNEED_LOCKED is not': [
    [anon(0, 1), lock(0, 1), advise(0, 1, 4), advise(0, 1, 24)],
    EINVAL,
    0,
  ],
  '2.6 madvise: FREE of a file is EINVAL': [[file(0, 1, 0), advise(0, 1, 8)], EINVAL],
  '2.6 madvise: REMOVE wants a shared file that may be written': [
    [anon(0, 1), advise(0, 1, 9), file(1, 1, 0, RW, PRIVATE), advise(1, 1, 9), file(2, 1, 0), advise(2, 1, 9)],
    EACCES,
    at(2),
    0,
  ],
  '2.6 madvise: WIPEONFORK wants private anonymous memory': [[file(0, 1, 0), advise(0, 1, 18)], EINVAL],
  '2.6 madvise: POPULATE_WRITE of read-only memory is EINVAL, past the end of a file EFAULT': [
    [anon(0, 1, R), advise(0, 1, 23), file(1, 14, 0), advise(1, 14, 23)],
    EINVAL,
    at(1),
    EFAULT,
  ],
  '2.6 madvise: COLLAPSE of what can hold no huge page is EINVAL': [[anon(0, 1), advise(0, 1, 25)], EINVAL],
  '2.6 guards: an access is SEGV_MAPERR, DONTNEED and mprotect keep them, GUARD_REMOVE takes them': [
    [
      anon(0, 2),
      write(0),
      advise(0, 1, 102),
      read(0),
      advise(0, 2, 4),
      protect(0, 1, R),
      read(0),
      advise(0, 1, 103),
      read(0),
    ],
    MAPERR,
    0,
    0,
    MAPERR,
    0,
    0,
  ],
  '2.6 guards: one that PAGEMAP_SCAN has write-protected is a guard still, and DONTNEED keeps it': [
    [
      anon(0, 4),
      ['uffdOpen', 0xa080],
      ['uffdRegister', at(0), 4 * PAGE, 3],
      advise(1, 1, 102),
      ['uffdWritten', at(0), 4 * PAGE, 1],
      advise(0, 4, 4),
      read(1),
    ],
    MAPERR,
  ],
  '2.6 guards: one that PAGEMAP_SCAN has write-protected stays so when its userfaultfd lets go of it': [
    [
      anon(0, 4),
      ['uffdOpen', 0xa080],
      ['uffdRegister', at(0), 4 * PAGE, 3],
      advise(1, 1, 102),
      ['uffdWritten', at(0), 4 * PAGE, 1],
      ['uffdUnregister', at(0), 4 * PAGE],
      ['uffdRegister', at(0), 4 * PAGE, 3],
      ['uffdWritten', at(0), 4 * PAGE, 1],
    ],
    2,
  ],
  '2.6 guards: POPULATE is EFAULT and mlock ENOMEM over one': [
    [anon(0, 2), advise(1, 1, 102), advise(0, 2, 22), lock(0, 2)],
    EFAULT,
    ENOMEM,
  ],
  '2.6 guards: they move with mremap and are inherited': [
    [anon(0, 1), advise(0, 1, 102), move(0, 1, 1, MAYMOVE | MOVE_FIXED, 5), ['fork', 0], read(5)],
    MAPERR,
  ],
  '2.6 sealed: private memory that can’t be written can’t be emptied': [
    [anon(0, 1, R), seal(0, 1), advise(0, 1, 4), anon(2, 1), seal(2, 1), advise(2, 1, 4)],
    EPERM,
    at(2),
    0,
    0,
  ],
  '2.7 mremap: growing over a neighbour is ENOMEM, past the end of the area EFAULT': [
    [anon(0, 2), file(2, 1, 0), move(0, 2, 3, 0), move(1, 2, 4, MAYMOVE)],
    ENOMEM,
    EFAULT,
  ],
  '2.7 mremap: old length 0 duplicates shared memory and is EINVAL for private': [
    [anon(0, 1), move(0, 0, 1, MAYMOVE), file(1, 1, 0), move(1, 0, 1, MAYMOVE | MOVE_FIXED, 8)],
    EINVAL,
    at(1),
    at(8),
  ],
  '2.7 mremap: DONTUNMAP wants MAYMOVE and equal lengths, and leaves the old place empty': [
    [
      anon(0, 2),
      write(0),
      move(0, 1, 1, DONTUNMAP),
      move(0, 1, 2, DONTUNMAP | MAYMOVE),
      move(0, 2, 2, DONTUNMAP | MAYMOVE, 9),
      read(0),
    ],
    EINVAL,
    EINVAL,
    at(9),
    0,
  ],
  '2.7 mremap: a fixed move of several areas keeps the gaps between them': [
    [anon(0, 2), anon(3, 1, R), move(0, 4, 4, MAYMOVE | MOVE_FIXED, 10)],
    at(10),
  ],
  '2.7 mremap: a hole at the start is EFAULT, at the end it is fine': [
    [anon(1, 1), move(0, 2, 2, MAYMOVE | MOVE_FIXED, 10), move(1, 3, 3, MAYMOVE | MOVE_FIXED, 10)],
    EFAULT,
    at(10),
  ],
  '2.7 mremap: overlapping places are EINVAL, sealed ones EPERM': [
    [anon(0, 4), move(0, 3, 3, MAYMOVE | MOVE_FIXED, 1), seal(0, 1), move(0, 1, 1, MAYMOVE | MOVE_FIXED, 9)],
    EINVAL,
    0,
    EPERM,
  ],
  '2.7 mremap: what was never written merges at its new place, what was written does not': [
    [
      anon(8, 1),
      anon(0, 1),
      move(0, 1, 1, MAYMOVE | MOVE_FIXED, 9),
      anon(0, 1),
      write(0),
      move(0, 1, 1, MAYMOVE | MOVE_FIXED, 10),
    ],
    at(10),
  ],
  '2.7 mremap: a locked area that grows at a fixed place is populated': [
    [anon(0, 3, RW, LOCKED), move(0, 1, 3, MAYMOVE | MOVE_FIXED, 9)],
    at(9),
  ],
  '2.8 mlock: a hole is ENOMEM, with the part before it locked': [[anon(0, 2), lock(0, 4)], ENOMEM],
  '2.8 mlock: memory without access is ENOMEM and locked all the same': [[anon(0, 1, NONE), lock(0, 1)], ENOMEM],
  '2.8 mlock: droppable memory is passed over': [
    [['mmap', at(0), PAGE, RW, DROPPABLE | ANON | FIXED, 6, 0], lock(0, 1)],
    0,
  ],
  '2.8 mlock2: ONFAULT populates nothing, another flag is EINVAL': [
    [anon(0, 2), lock(0, 2, 1), lock(0, 2, 2)],
    0,
    EINVAL,
  ],
  '2.8 mlockall: 0, ONFAULT alone and unknown bits are EINVAL': [
    [
      ['mlockall', 0],
      ['mlockall', 4],
      ['mlockall', 8],
    ],
    EINVAL,
    EINVAL,
    EINVAL,
  ],
  '2.8 mlockall: FUTURE locks and populates what is mapped afterwards': [
    [['mlockall', 2], anon(0, 2), ['munlockall'], anon(3, 1)],
    at(3),
  ],
  '2.8 msync: ASYNC with SYNC and unknown bits are EINVAL, INVALIDATE of locked memory EBUSY': [
    [anon(0, 1, RW, LOCKED), ['msync', at(0), PAGE, 5], ['msync', at(0), PAGE, 8], ['msync', at(0), PAGE, 2]],
    EINVAL,
    EINVAL,
    EBUSY,
  ],
  '2.8 msync: a hole is ENOMEM, length 0 is fine': [
    [anon(0, 1), ['msync', at(0), 2 * PAGE, 4], ['msync', at(0), 0, 4]],
    ENOMEM,
    0,
  ],
  '2.8 mincore: a hole is ENOMEM, the shared zero page counts': [
    [anon(0, 1), read(0), ['mincore', at(0), 2 * PAGE], ['mincore', at(0), 1]],
    ENOMEM,
    0,
  ],
  '2.8 mseal: a hole is ENOMEM with nothing sealed, a flag EINVAL, again is fine': [
    [anon(0, 2), seal(0, 3), ['mseal', at(0), PAGE, 1], seal(0, 1), seal(0, 2)],
    ENOMEM,
    EINVAL,
    0,
    0,
  ],
  '2.10 faults: no area, no permission, past the end of the file': [
    [read(0), anon(0, 1, NONE), read(0), anon(1, 1, R), write(1), file(2, 8, 2), read(8), read(7)],
    SIGBUS,
    0,
  ],
  '2.10 faults: write-only memory can be read': [[anon(0, 1, W), write(0), read(0)], 0, 0],
  '2.10 faults: memory that may not be executed is populated before the refusal': [
    [anon(0, 1, R), ['execute', at(0)]],
    ACCERR,
  ],
  '2.10 faults: a truncated file gives SIGBUS, and its private copies go': [
    [file(0, 2, 0, RW, PRIVATE), write(0), write(1), ['ftruncate', 0, PAGE], read(1), read(0)],
    SIGBUS,
    0,
  ],
  '2.10 faults: a stack grows down to what is touched, not to within 256 pages of accessible memory': [
    [anon(20, 2, RW, GROWSDOWN), write(10), anon(2, 1), read(5)],
    0,
    at(2),
    MAPERR,
  ],
  '2.11 fork: DONTFORK is absent, WIPEONFORK zero, and no lock is inherited': [
    [
      anon(0, 3),
      write(0),
      write(1),
      write(2),
      advise(0, 1, 10),
      advise(1, 1, 18),
      lock(2, 1),
      ['fork', 0],
      read(0),
      read(1),
    ],
    MAPERR,
    0,
  ],
  '2.11 fork: either side writes to a copy': [
    [anon(0, 1), write(0), ['fork', 1], ['write', at(0), 0x98], read(0)],
    0,
    0,
  ],
  '2.13 merge: to the left, to the right, on both sides': [[anon(0, 1), anon(2, 1), anon(1, 1)], at(1)],
  '2.13 merge: neighbours with an anon_vma each do not merge': [
    [anon(0, 1), write(0), anon(2, 1), write(2), anon(1, 1)],
    at(1),
  ],
  '2.13 merge: a write next to an area of another protection takes its anon_vma, so that they merge later': [
    [anon(0, 1), anon(1, 1), protect(1, 1, RX), write(0), protect(1, 1, RW), write(1), protect(0, 2, R)],
    0,
  ],
  '2.13 merge: what a child inherited does not merge with what it maps beside it': [
    [anon(0, 1), write(0), ['fork', 0], anon(1, 1)],
    at(1),
  ],
  '2.13 merge: files merge where their offsets do, shared anonymous mappings never': [
    [
      file(0, 1, 0),
      file(1, 1, 0, RW, SHARED, PAGE),
      ['mmap', at(4), PAGE, RW, SHARED | ANON | FIXED, 6, 0],
      ['mmap', at(5), PAGE, RW, SHARED | ANON | FIXED, 6, 0],
    ],
    at(5),
  ],
  '2.13 merge: MAP_FIXED over the middle cuts in three': [[anon(0, 5), anon(2, 1, R, POPULATE)], at(2)],
  '2.13 merge: a guard’s mark does not keep neighbours apart, and spreads': [
    [anon(0, 2), advise(0, 1, 102), protect(0, 1, R), protect(0, 1, RW)],
    0,
  ],
  '2.15 userfaultfd: mode 0 and nothing mapped are EINVAL, without MAYWRITE EPERM': [
    [
      ['uffdOpen', 0x80],
      ['uffdRegister', at(0), PAGE, 1],
      anon(0, 1),
      ['uffdRegister', at(0), PAGE, 0],
      file(1, 1, 1, R),
      ['uffdRegister', at(1), PAGE, 1],
    ],
    EINVAL,
    at(1),
    EPERM,
  ],
  '2.15 userfaultfd: a registered part does not merge, and merges when it is given up': [
    [['uffdOpen', 0x80], anon(0, 3), ['uffdRegister', at(1), PAGE, 1], ['uffdUnregister', at(0), 3 * PAGE]],
    0,
    0,
  ],
  '2.15 userfaultfd: registering again replaces the modes': [
    [['uffdOpen', 0x81], anon(0, 1), ['uffdRegister', at(0), PAGE, 1], ['uffdRegister', at(0), PAGE, 2]],
    0,
  ],
  // Found by random sequences.
  'a read of shared memory maps the pages beside it, so that a page can’t be poisoned there': [
    [
      ['uffdOpen', 0x2081],
      ['mmap', at(5), 7 * PAGE, RW, SHARED | ANON | FIXED, 6, 0],
      read(7),
      ['uffdRegister', at(6), 3 * PAGE, 1],
      advise(4, 5, 24),
      read(6),
      ['uffdContinueOrPoison', at(7), 2 * PAGE, 0, 1],
    ],
    SIGBUS,
    EEXIST,
  ],
  'a page past the end of the file can’t be copied to (EFAULT) nor continued (EINVAL)': [
    [
      ['uffdOpen', 0xa080],
      file(0, 14, 0, RW, PRIVATE),
      ['uffdRegister', at(12), 2 * PAGE, 5],
      ['uffdCopy', at(12), PAGE, 0],
      ['uffdContinueOrPoison', at(12), PAGE, 0, 0],
    ],
    EFAULT,
    EINVAL,
  ],
  'DONTUNMAP leaves the lock’s count behind': [
    [anon(0, 2, RW, LOCKED | POPULATE), move(0, 1, 1, MAYMOVE | DONTUNMAP, 9)],
    at(9),
  ],
}

holdRules(rules)

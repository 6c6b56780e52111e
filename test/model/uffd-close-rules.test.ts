import { ARENA } from '../differential/arena.js'
import type { Call } from '../differential/call.js'
import { holdRules, type Rule } from '../differential/hold-rules.js'

// What a userfaultfd that is closed with poison leaves, which is `UFFDIO_POISON` of each page whose fault it would have been asked about
// (mfill_atomic_pte_poison, find_vma_and_prepare_anon), and then userfaultfd_release.

const PAGE = ARENA.PAGE
const at = (page: number) => ARENA.START + page * PAGE
const [SHARED, PRIVATE, FIXED, ANON] = [1, 2, 16, 32]
const [MISSING, WP, MINOR] = [1, 2, 4]
const SIGBUS = -1114

const open: Call = ['uffdOpen', 0x2081]
const close: Call = ['close', 7, 1]
const anon = (page: number, pages: number): Call => ['mmap', at(page), pages * PAGE, 3, PRIVATE | ANON | FIXED, 6, 0]
const file = (page: number, pages: number, type = SHARED): Call => [
  'mmap',
  at(page),
  pages * PAGE,
  3,
  type | FIXED,
  0,
  0,
]
const register = (page: number, pages: number, mode: number): Call => ['uffdRegister', at(page), pages * PAGE, mode]
const read = (page: number): Call => ['read', at(page)]

const rules: Record<string, Rule> = {
  'a missing page is poisoned, one that is there stays': [
    [open, anon(0, 4), ['write', at(1), 0x90], register(0, 2, MISSING), close, read(0), read(1), read(2)],
    SIGBUS,
    0,
    0,
  ],
  'a page of the file that was not mapped stays where missing ones alone were registered': [
    [open, file(0, 4), register(0, 4, MISSING), close, read(0), read(1)],
    0,
    SIGBUS,
  ],
  'where minor faults alone were registered it is poisoned, and a hole is a page of zeros as it was before': [
    [open, file(0, 4), register(0, 4, MINOR), close, read(0), read(1)],
    SIGBUS,
    0,
  ],
  'with both it is poisoned like a hole': [
    [open, file(0, 4), register(0, 4, MISSING | MINOR), close, read(0), read(1)],
    SIGBUS,
    SIGBUS,
  ],
  'no page past the end of the file is poisoned: it is there when the file grows': [
    [open, file(0, 14), register(10, 4, MISSING), close, ['ftruncate', 0, 14 * PAGE], read(11), read(12)],
    SIGBUS,
    0,
  ],
  'a write-protected hole is poisoned as well': [
    [open, file(0, 4), register(0, 4, MISSING | WP), ['uffdWriteprotect', at(1), PAGE, 1], close, read(1)],
    SIGBUS,
  ],
  'poisoned private memory has an anon_vma, and does not merge with what has another one': [
    [open, anon(0, 6), register(0, 3, MISSING), ['write', at(4), 0x90], close],
    0,
  ],
  'it shares the anon_vma of a neighbour that was registered as well, and merges with it later': [
    [
      anon(0, 8),
      open,
      ['write', at(7), 0x90],
      ['mmap', at(8), 2 * PAGE, 7, PRIVATE | ANON | FIXED, 6, 0],
      register(4, 6, MISSING),
      close,
      ['mprotect', at(6), 4 * PAGE, 4],
    ],
    0,
  ],
  'what was unregistered before is missing no longer': [
    [open, anon(0, 6), register(0, 6, MISSING), ['uffdUnregister', at(2), PAGE], close, read(1), read(2), read(3)],
    SIGBUS,
    0,
    SIGBUS,
  ],
  'a private map of a file is poisoned where neither it nor the file has the page': [
    [open, file(0, 4, PRIVATE), register(0, 4, MISSING), close, read(0), read(1)],
    0,
    SIGBUS,
  ],
  'of two userfaultfds in a process, the one that ends poisons its own memory alone': [
    [
      open,
      anon(0, 2),
      register(0, 2, MISSING),
      ['fork', 1],
      ['close', 7, 0],
      open,
      anon(4, 2),
      register(4, 2, MISSING),
      close,
      read(5),
    ],
    SIGBUS,
  ],
}

holdRules(rules)

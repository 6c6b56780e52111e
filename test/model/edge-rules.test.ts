import { ARENA } from '../differential/arena.js'
import type { Call } from '../differential/call.js'
import { holdRules, type Rule } from '../differential/hold-rules.js'

// At the edges of addresses, lengths and offsets, where sums wrap: each rule names the function of Linux 6.18 whose check decides.

const PAGE = ARENA.PAGE
const start = ARENA.START
const all = 2 ** 64
const taskSize = 2 ** 47 - PAGE
const [SHARED, PRIVATE, FIXED, ANON, NOREPLACE] = [1, 2, 16, 32, 0x100000]
const [ENOMEM, EFAULT, EINVAL, EOVERFLOW] = [-12, -14, -22, -75]

const anon: Call = ['mmap', start, 4 * PAGE, 3, PRIVATE | ANON | FIXED, 6, 0]
const uffd: Call[] = [anon, ['uffdOpen', 0x2081], ['uffdRegister', start, 2 * PAGE, 3]]
const file = (offset: number, pages = 1): Call => ['mmap', start, pages * PAGE, 1, SHARED | FIXED, 0, offset]
const hint = (address: number, flags = 0): Call => ['mmap', address, PAGE, 0, PRIVATE | ANON | flags, 6, 0]

const rules: Record<string, Rule> = {
  'mlock of a range that wraps is EINVAL (apply_vma_lock_flags: end < start)': [
    [anon, ['mlock2', start, all - start, 0]],
    EINVAL,
  ],
  'mlock2 of such a range is EINVAL': [[anon, ['mlock2', start, all - 2 * PAGE, 1]], EINVAL],
  'mlock of a length that rounds to nothing is nothing (do_mlock: PAGE_ALIGN wraps)': [
    [anon, ['mlock2', start, all - 2048, 0]],
    0,
  ],
  'munlock of a range that wraps is EINVAL': [[anon, ['munlock', start, all - start]], EINVAL],
  'munlock counts what lies before the address in its page': [[anon, ['munlock', start + 1, all - PAGE]], 0],
  'madvise of a range that wraps is EINVAL (madvise_should_skip)': [[anon, ['madvise', start, all - start, 4]], EINVAL],
  'madvise of a length that rounds to nothing is EINVAL': [[anon, ['madvise', start, all - 2048, 4]], EINVAL],
  'madvise of nothing beyond all addresses is nothing': [[['madvise', all - PAGE, 0, 4]], 0],
  'mprotect of a range that wraps is ENOMEM, before what it asks for is looked at (do_mprotect_pkey)': [
    [anon, ['mprotect', start, all - start, 0x40]],
    ENOMEM,
  ],
  'mprotect of a length that rounds to nothing is ENOMEM': [[anon, ['mprotect', start, all - 2048, 1]], ENOMEM],
  'mseal of a range that wraps is EINVAL (do_mseal)': [[anon, ['mseal', start, all - start, 0]], EINVAL],
  'mseal of a length that rounds to nothing is EINVAL': [[anon, ['mseal', start, all - 2048, 0]], EINVAL],
  'msync of a range that wraps is ENOMEM (msync: end < start)': [[anon, ['msync', start, all - start, 4]], ENOMEM],
  'munmap beyond TASK_SIZE is EINVAL (do_vmi_munmap)': [[['munmap', taskSize + PAGE, PAGE]], EINVAL],
  'mincore up to TASK_SIZE is permitted, and a page further ENOMEM (access_ok)': [
    [
      ['mincore', taskSize - PAGE, PAGE],
      ['mincore', taskSize, PAGE],
      ['mincore', 2 ** 63, 0],
    ],
    0,
    ENOMEM,
    ENOMEM,
  ],
  'mremap of a length that rounds to nothing is EINVAL (check_mremap_params)': [
    [anon, ['mremap', start, PAGE, all - 2048, 1, 0]],
    EINVAL,
  ],
  'mremap of an old length that wraps overlaps nothing, and looks at the area next (check_mremap_params)': [
    [['mremap', start, all - start, PAGE, 3, start + 8 * PAGE]],
    EFAULT,
  ],
  'mmap of a length that rounds to nothing is ENOMEM (do_mmap)': [
    [['mmap', 0, all - 2048, 0, PRIVATE | ANON, 6, 0]],
    ENOMEM,
  ],
  'mmap past the largest offset of a file is EOVERFLOW (file_mmap_ok: MAX_LFS_FILESIZE)': [
    [file(2 ** 63 - 2 * PAGE), file(2 ** 63 - PAGE), file(all - PAGE)],
    start,
    EOVERFLOW,
    EOVERFLOW,
  ],
  'a file can be as long as that, and longer is EINVAL (do_sys_ftruncate)': [
    [
      ['ftruncate', 0, 2 ** 62],
      ['ftruncate', 0, 2 ** 63],
    ],
    0,
    EINVAL,
  ],
  'pwrite at an offset that is negative is EINVAL, whatever the descriptor (ksys_pwrite64)': [
    [
      ['close', 0],
      ['pwrite', 0, 2 ** 63, 1],
    ],
    EINVAL,
  ],
  'a fixed address that is like an error number is returned as it is (__get_unmapped_area: IS_ERR_VALUE)': [
    [hint(-4095, FIXED), hint(-1, FIXED), hint(-77, FIXED | NOREPLACE)],
    -4095,
    -1,
    -77,
  ],
  'the address before those is too high (ENOMEM)': [[hint(-4096, FIXED)], ENOMEM],
  'a hint below 65,536 goes there, whatever vm.mmap_min_addr says (round_hint_to_min: dac_mmap_min_addr)': [
    [hint(PAGE)],
    start + (ARENA.PAGES - 1) * PAGE,
  ],
  'userfaultfd takes no range that wraps or passes TASK_SIZE (validate_unaligned_range)': [
    [
      ...uffd,
      ['uffdRegister', start, all - start, 1],
      ['uffdUnregister', taskSize, PAGE],
      ['uffdWake', start, all - start],
      ['uffdCopy', taskSize - PAGE, 2 * PAGE, 0],
      ['uffdWriteprotect', all - PAGE, PAGE, 1],
    ],
    EINVAL,
    EINVAL,
    EINVAL,
    EINVAL,
    EINVAL,
  ],
  'the account of written pages passes no TASK_SIZE (pagemap_scan_get_args: access_ok)': [
    [...uffd, ['uffdWritten', taskSize, PAGE, 0]],
    EFAULT,
  ],
}

holdRules(rules)

/** The calls of the differential check, by the number that its kernel side knows them by. */
export const CALL = {
  mmap: 1,
  munmap: 2,
  mprotect: 3,
  mremap: 4,
  madvise: 5,
  mlock2: 6,
  munlock: 7,
  msync: 8,
  mincore: 9,
  mseal: 10,
  mlockall: 11,
  munlockall: 12,
  read: 13,
  write: 14,
  execute: 15,
  fork: 16,
  ftruncate: 17,
  pwrite: 18,
  addSeals: 19,
  /** Slot 7 as the library closes it, with what is missing poisoned, where the second argument is 1. */
  close: 20,
  limit: 21,
  /** A read whose byte does not count. */
  touch: 22,
  /** Leaves room for so many areas more (`vm.max_map_count`). */
  crowd: 23,
  /** What the machine is: see `Host`. */
  host: 24,
  uffdOpen: 30,
  uffdRegister: 31,
  uffdUnregister: 32,
  uffdCopy: 33,
  uffdZeropage: 34,
  uffdWriteprotect: 35,
  uffdWake: 36,
  uffdContinueOrPoison: 37,
  uffdMove: 38,
  uffdWritten: 39,
} as const

export type CallName = keyof typeof CALL

/** One call and its arguments, all numbers. */
export type Call = readonly [name: CallName, ...args: number[]]

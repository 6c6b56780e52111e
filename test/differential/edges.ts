import { MADV } from '#vmarea/vocabulary/madv.js'
import { ARENA } from './arena.js'
import type { Call } from './call.js'
import type { Random } from './random.js'

const { PAGE } = ARENA
const taskSize = 2 ** 47 - PAGE
const all = 2 ** 64

/** Addresses that no program has, aligned and not. */
const above = [taskSize, taskSize + PAGE, taskSize + 1, 2 ** 53, 2 ** 63, all - 2 * PAGE, all - PAGE, all - 2048]
/** Below what a program may map without a privilege, and where nothing is mapped but memory that is sealed. */
const below = [0, PAGE, 0x8000, ARENA.START - PAGE]
/** Lengths that are no length once they are rounded, or more than there are addresses. */
const lengths = [0, 1, PAGE, 3 * PAGE, taskSize, taskSize + PAGE, 2 ** 63, all - PAGE, all - 2048]
/** Offsets around the largest one of a file and the largest one that a call can have. */
const offsets = [2 ** 62, 2 ** 63 - 48 * PAGE, 2 ** 63 - 2 * PAGE, 2 ** 63 - PAGE, 2 ** 63, all - 2 * PAGE, all - PAGE]

/** The call at an edge of the address space, at the end of a file's offsets, or as it was where it has neither. */
export function atEdge(random: Random, call: Call): Call {
  const [name, ...args] = call
  switch (name) {
    case 'ftruncate':
      return [name, args[0]!, random.pick(offsets)]
    case 'pwrite':
      return [name, args[0]!, random.pick([2 ** 62, 2 ** 63, all - PAGE]), args[2]!]
    case 'mmap':
      return mmapAtEdge(random, args)
    case 'mremap':
      return mremapAtEdge(random, args)
    case 'madvise':
      // Where the huge pages of an area could be depends on where it ends, which differs outside of the arena.
      if (args[2] === MADV.COLLAPSE) return call
  }
  if (!ranges.has(name)) return call
  const [start, length] = range(random, args[0]!)
  return [name, start, length, ...args.slice(2)]
}

const ranges = new Set<Call[0]>([
  'munmap',
  'mprotect',
  'madvise',
  'mlock2',
  'munlock',
  'msync',
  'mincore',
  'mseal',
  'uffdRegister',
  'uffdUnregister',
  'uffdCopy',
  'uffdZeropage',
  'uffdWriteprotect',
  'uffdWake',
  'uffdContinueOrPoison',
  'uffdWritten',
])

/** Never one that is all of the arena and what lies beyond, which is not the same on both sides. */
function range(random: Random, inside: number): [start: number, length: number] {
  const kind = random.below(3)
  if (kind === 0) return [random.pick(above), random.pick(lengths)]
  if (kind === 1) return [random.pick(below), random.pick([0, 1, PAGE, 2 * PAGE])]
  const start = inside - (inside % PAGE)
  return [inside, random.pick([all - start, all - start + PAGE, all - PAGE, all - 2048])]
}

function mmapAtEdge(random: Random, [address, length, protection, flags, slot, offset]: readonly number[]): Call {
  switch (random.below(4)) {
    case 0:
      return ['mmap', address!, length!, protection!, flags!, slot!, slot! > 6 ? offset! : random.pick(offsets)]
    case 1:
      return ['mmap', address!, random.pick(lengths), protection!, flags!, slot!, offset!]
    case 2:
      // The last addresses are error numbers, and are returned as such.
      return ['mmap', -1 - random.below(4097), length!, protection!, flags!, slot!, offset!]
    default:
      return ['mmap', random.pick([...above.slice(0, -1), ...below]), length!, protection!, flags!, slot!, offset!]
  }
}

function mremapAtEdge(random: Random, [from, oldLength, newLength, flags, to]: readonly number[]): Call {
  switch (random.below(4)) {
    case 0:
      return ['mremap', random.pick([...above, ...below]), oldLength!, newLength!, flags!, to!]
    case 1:
      return ['mremap', from!, random.pick(lengths), newLength!, flags!, to!]
    case 2:
      return ['mremap', from!, oldLength!, random.pick(lengths), flags!, to!]
    default:
      return ['mremap', from!, oldLength!, newLength!, flags!, random.pick([...above, ...below])]
  }
}

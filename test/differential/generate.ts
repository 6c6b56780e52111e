import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { MREMAP } from '#vmarea/vocabulary/mremap.js'
import { ARENA } from './arena.js'
import type { Call, CallName } from './call.js'
import { atEdge } from './edges.js'
import type { Host } from './host.js'
import { Random } from './random.js'

/** What a sequence leans to. */
const profiles = [
  'plain',
  'plain',
  'files',
  'sealed',
  'locked',
  'forks',
  'stacks',
  'uffd',
  'uffd',
  'limits',
  'drivers',
  'pageout',
] as const
/** `crowded` sequences, at the limit of areas, take so long that there are few. */
type Profile = (typeof profiles)[number] | 'crowded'

/** Instructions of one byte that do nothing, so that what was written can be executed. */
const bytes = [0x90, 0x98, 0x99, 0xf8, 0xf9, 0xfc, 0xf5]

const weights: Readonly<Record<Profile, readonly (readonly [number, CallName])[]>> = (() => {
  const base: Partial<Record<CallName, number>> = {
    mmap: 200,
    munmap: 45,
    mprotect: 150,
    mremap: 90,
    madvise: 140,
    mlock2: 20,
    munlock: 10,
    msync: 6,
    mincore: 4,
    read: 60,
    write: 160,
    execute: 15,
    fork: 6,
    ftruncate: 5,
    pwrite: 4,
    addSeals: 2,
    close: 2,
  }
  const lean: Record<Profile, Partial<Record<CallName, number>>> = {
    plain: {},
    files: { ftruncate: 40, pwrite: 25, addSeals: 6, close: 5 },
    sealed: { mseal: 25 },
    locked: { mlock2: 90, munlock: 50, mlockall: 8, munlockall: 5 },
    forks: { fork: 50 },
    stacks: {},
    // A read would tell what a driver has put into its pages.
    // Clean pages of files and droppable ones go, which the model keeps; private ones have nowhere to go without swap.
    pageout: { madvise: 250 },
    crowded: { mprotect: 250, fork: 1 },
    drivers: { mmap: 150, read: 0, touch: 60, fork: 12, execute: 0 },
    // Without mlockall: what else is mapped, and how much, differs on the two sides.
    limits: { limit: 15, mlock2: 60, munlock: 20 },
    uffd: {
      mmap: 60,
      munmap: 20,
      mprotect: 50,
      mremap: 50,
      fork: 12,
      close: 12,
      uffdOpen: 30,
      uffdRegister: 120,
      uffdUnregister: 40,
      uffdCopy: 60,
      uffdZeropage: 30,
      uffdWriteprotect: 80,
      uffdWake: 3,
      uffdContinueOrPoison: 50,
      uffdMove: 60,
      uffdWritten: 30,
    },
  }
  const result = {} as Record<Profile, (readonly [number, CallName])[]>
  for (const profile of [...profiles, 'crowded'] as const) {
    const all = { ...base, ...lean[profile] }
    result[profile] = Object.entries(all).map(([name, weight]) => [weight, name as CallName] as const)
  }
  return result
})()

/** A page that is free loses its bytes when it is paged out: a sequence has one or the other. */
const keepingFree = advicesBut('PAGEOUT')
const pagingOut = advicesBut('FREE')

function advicesBut(left: string): readonly (readonly [number, number])[] {
  return Object.entries(MADV).map(([name, advice]) => [name === left ? 0 : adviceWeight(name), advice] as const)
}

function adviceWeight(name: string): number {
  if (name.startsWith('GUARD') || name.startsWith('DONTNEED') || name.startsWith('POPULATE')) return 4
  return name === 'HWPOISON' || name === 'SOFT_OFFLINE' ? 0 : 2
}

/** A random sequence of calls, the same for the same seed on the same kind of machine. */
export function generate(seed: number, { drivers, swap }: Host): Call[] {
  const random = new Random(seed)
  const picked = random.chance(0.2) ? 'crowded' : random.pick(profiles)
  const profile = (picked === 'drivers' && !drivers) || (picked === 'pageout' && swap) ? 'plain' : picked
  const length = 20 + random.below(100)
  const calls: Call[] = []
  // Most sequences keep to a few pages, so that their calls meet.
  const size = random.pick([6, 8, 12, 12, 16, 24, ARENA.PAGES])
  const advices = profile === 'pageout' ? pagingOut : keepingFree
  const window = { first: random.below(ARENA.PAGES - size + 1), size, advices }
  if (profile === 'crowded') calls.push(['crowd', random.below(8)])
  for (let maps = random.below(4); maps > 0; maps--) calls.push(call(random, 'mmap', profile, window))
  if (profile === 'uffd') calls.push(...registered(random, window))
  let forks = 0
  while (calls.length < length) {
    const name = random.weighted(weights[profile])
    if (name === 'fork' && ++forks > 4) continue
    const next = call(random, name, profile, window)
    calls.push(random.chance(4) ? atEdge(random, next) : next)
  }
  return calls
}

/** A userfaultfd over the lower half of a mapping: its calls do something only where they meet it. */
function registered(random: Random, window: Window): Call[] {
  const { first, size } = window
  const [start, length] = [ARENA.START + first * ARENA.PAGE, size * ARENA.PAGE]
  const type = random.chance(70)
    ? MAP.PRIVATE | MAP.ANONYMOUS
    : random.chance(50)
      ? MAP.SHARED | MAP.ANONYMOUS
      : MAP.SHARED
  const armed = Math.ceil(size / 2) * ARENA.PAGE
  return [
    ['mmap', start, length, random.chance(90) ? 3 : 1, type | MAP.FIXED, 0, 0],
    call(random, 'uffdOpen', 'uffd', window),
    ['uffdRegister', start, armed, random.pick([1, 1, 3, 3, 2, type & MAP.SHARED ? 7 : 3])],
  ]
}

interface Window {
  readonly advices: readonly (readonly [number, number])[]
  readonly first: number
  readonly size: number
}

function call(random: Random, name: CallName, profile: Profile, { first, size, advices }: Window): Call {
  const page = first + random.below(size)
  const pages = Math.min(length(random), first + size - page)
  let address = ARENA.START + page * ARENA.PAGE
  let bytesLong = pages * ARENA.PAGE
  // Now and then an argument that is out of line.
  if (random.chance(1)) address += 1 + random.below(ARENA.PAGE - 1)
  if (random.chance(3)) bytesLong = Math.max(0, bytesLong - random.below(ARENA.PAGE))
  if (random.chance(0.5)) bytesLong = 0
  switch (name) {
    case 'mmap':
      if (profile === 'drivers' && random.chance(60)) return driverArea(random, address)
      return mmap(random, address, bytesLong, profile)
    case 'munmap':
    case 'munlock':
      return [name, address, bytesLong]
    case 'mprotect':
      return [name, address, bytesLong, protection(random) | (random.chance(3) ? 0x0100_0000 : 0)]
    case 'mremap':
      return mremap(random, address, bytesLong, first + random.below(size))
    case 'madvise':
      return [name, address, bytesLong, random.chance(0.5) ? 26 + random.below(200) : random.weighted(advices)]
    case 'mlock2':
      return [
        name,
        address,
        bytesLong,
        random.weighted([
          [60, 0],
          [30, 1],
          [1, 2],
        ] as const),
      ]
    case 'msync':
      return [name, address, bytesLong, random.below(8)]
    case 'mincore':
      return [name, address, bytesLong]
    case 'mseal':
      return [name, address, Math.min(bytesLong, 4 * ARENA.PAGE), random.chance(2) ? 1 : 0]
    case 'mlockall':
      return [name, random.pick([1, 2, 3, 3, 5, 6, 7, 4, 0, 8])]
    case 'munlockall':
      return [name]
    case 'write':
      return [name, ARENA.START + page * ARENA.PAGE, random.pick(bytes)]
    case 'read':
    case 'touch':
    case 'execute':
      return [name, ARENA.START + page * ARENA.PAGE]
    case 'fork':
      return [name, random.below(2)]
    case 'ftruncate':
      return [name, random.below(4), random.below(14) * ARENA.PAGE + (random.chance(20) ? 100 : 0)]
    case 'pwrite':
      return [name, random.below(4), random.below(12) * ARENA.PAGE, random.pick(bytes)]
    case 'addSeals':
      return [name, random.below(4), random.pick([2, 4, 8, 16, 1, 12, 64])]
    case 'close':
      return profile === 'uffd' && random.chance(70) ? [name, 7, random.chance(75) ? 1 : 0] : [name, random.below(6)]
    case 'limit':
      return [name, random.below(3), random.below(30)]
    case 'uffdOpen':
      // A fault is a SIGBUS, so that nobody waits.
      return [
        name,
        0x80 |
          (random.chance(60) ? 1 : 0) |
          (random.chance(40) ? 0x2000 : 0) |
          (random.chance(35) ? 0x8000 : 0) |
          (random.chance(50) ? 0 : random.pick([2, 4, 8, 0x40, 0x4e, 0x4e])),
      ]
    case 'uffdRegister':
      return [name, address, bytesLong, random.pick([1, 1, 1, 2, 3, 3, 4, 5, 7, 0, 8])]
    case 'uffdUnregister':
    case 'uffdWake':
      return [name, address, bytesLong]
    case 'uffdCopy':
      return [name, address, bytesLong, random.pick([0, 0, 0, 1, 2, 3, 4])]
    case 'uffdZeropage':
      return [name, address, bytesLong, random.pick([0, 0, 1, 2])]
    case 'uffdMove':
      return [
        name,
        address,
        ARENA.START + (first + random.below(size)) * ARENA.PAGE,
        Math.min(bytesLong, 4 * ARENA.PAGE),
        random.pick([0, 0, 1, 2, 3, 4]),
      ]
    case 'uffdWritten':
      return [name, address, bytesLong, random.below(2)]
    case 'uffdWriteprotect':
      return [name, address, bytesLong, random.pick([1, 1, 1, 0, 2, 3, 4])]
    case 'uffdContinueOrPoison':
      return [name, address, bytesLong, random.pick([0, 0, 0, 1, 2, 4]), random.below(2)]
    default:
      throw new Error(`no arguments for ${name}`)
  }
}

function length(random: Random): number {
  return random.weighted([
    [40, 1],
    [25, 2],
    [20, 3],
    [20, 4 + random.below(4)],
    [12, 8 + random.below(40)],
  ] as const)
}

function protection(random: Random): number {
  return random.weighted([
    [50, 3],
    [30, 1],
    [20, 0],
    [6, 5],
    [6, 7],
    [5, 4],
    [4, 2],
    [2, 6],
    [1, 11],
    [1, 12],
    [1, 0x13],
  ] as const)
}

function mmap(random: Random, address: number, bytesLong: number, profile: Profile): Call {
  const plain = profile === 'pageout'
  let flags = plain
    ? MAP.PRIVATE
    : (random.weighted([
        [65, MAP.PRIVATE],
        [25, MAP.SHARED],
        [4, MAP.DROPPABLE],
        [3, MAP.SHARED_VALIDATE],
        [1, 0],
      ] as const) as number)
  const anonymous = plain || !random.chance(profile === 'files' ? 65 : 25)
  if (anonymous) flags |= MAP.ANONYMOUS
  let where = address
  const how = random.below(100)
  if (how < 70) flags |= MAP.FIXED
  else if (how < 80) flags |= MAP.FIXED_NOREPLACE
  else if (how < 90) where = 0
  if (random.chance(10)) flags |= MAP.NORESERVE
  if (random.chance(10)) flags |= MAP.POPULATE
  if (random.chance(2)) flags |= MAP.NONBLOCK
  if (random.chance(profile === 'locked' ? 10 : 1)) flags |= MAP.LOCKED
  if (random.chance(profile === 'stacks' ? 25 : 1)) flags |= MAP.GROWSDOWN
  if (random.chance(3)) flags |= MAP.STACK
  if (random.chance(1)) flags |= MAP.SYNC
  const slot = random.weighted([
    [30, 0],
    [20, 1],
    [20, 2],
    [3, 3],
    [1, 4],
    [1, 5],
    [1, 6],
  ] as const)
  const offset = random.chance(1) ? 1 + random.below(4095) : random.below(10) * ARENA.PAGE
  return ['mmap', where, bytesLong, protection(random), flags, slot, offset]
}

function mremap(random: Random, address: number, bytesLong: number, to: number): Call {
  const newLength = random.chance(50) ? bytesLong : length(random) * ARENA.PAGE
  const flags = random.weighted([
    [25, 0],
    [30, MREMAP.MAYMOVE],
    [40, MREMAP.MAYMOVE | MREMAP.FIXED],
    [15, MREMAP.MAYMOVE | MREMAP.DONTUNMAP],
    [8, MREMAP.MAYMOVE | MREMAP.DONTUNMAP | MREMAP.FIXED],
    [1, MREMAP.FIXED],
    [1, 8],
  ] as const) as number
  const target = ARENA.START + to * ARENA.PAGE + (random.chance(1) ? 5 : 0)
  return ['mremap', address, random.chance(3) ? 0 : bytesLong, newLength, flags, target]
}

/** A map of a driver's memory, of a length that it takes or not, where it wants it or not. */
function driverArea(random: Random, address: number): Call {
  const slot = random.pick([8, 9, 10])
  const pages = random.chance(85)
    ? random.pick(slot === 8 ? [4] : slot === 9 ? [1, 3, 3, 4, 5] : [1, 2, 3, 3, 5])
    : 1 + random.below(6)
  const type = random.chance(80) ? MAP.SHARED : random.chance(90) ? MAP.PRIVATE : MAP.SHARED_VALIDATE
  const where = slot === 9 ? (random.chance(90) ? 0 : address) : random.chance(20) ? 0 : address
  let flags: number = type | (where !== 0 && random.chance(80) ? MAP.FIXED : 0)
  if (random.chance(5)) flags |= MAP.POPULATE
  if (random.chance(3)) flags |= MAP.LOCKED
  const offset =
    slot === 9 ? random.pick([0, 0, 2 ** 27, 2 ** 28, 2 ** 28, 2 ** 29, ARENA.PAGE]) : random.chance(5) ? ARENA.PAGE : 0
  return ['mmap', where, pages * ARENA.PAGE, random.chance(75) ? 3 : protection(random), flags, slot, offset]
}

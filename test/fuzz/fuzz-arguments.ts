import type { FuzzState } from './fuzz-state.js'

export const ADVICE = [
  'normal',
  'random',
  'sequential',
  'willneed',
  'dontneed',
  'free',
  'remove',
  'dontfork',
  'dofork',
  'hugepage',
  'nohugepage',
  'dontdump',
  'dodump',
  'cold',
  'pageout',
  'populate_read',
  'populate_write',
  'wipeonfork',
  'keeponfork',
  'mergeable',
  'guard_install',
  'guard_remove',
  'nonsense',
]
const OPTIONS = [
  'length',
  'file',
  'offset',
  'shared',
  'writable',
  'address',
  'fixed',
  'populate',
  'noReserve',
  'hugePages',
  'stack',
  'locked',
  'noCoreDump',
  'advice',
  'jit',
]
const FILE = '/proc/self/exe'

/** A value that no parameter takes, or one of another type than it takes. */
export function wild(state: FuzzState): unknown {
  const { random } = state
  return random.pick<() => unknown>([
    () => undefined,
    () => null,
    () => Number.NaN,
    () => Number.POSITIVE_INFINITY,
    () => -1,
    () => 0.5,
    () => 2 ** random.below(64),
    () => -(2n ** BigInt(random.below(66))),
    () => 2n ** BigInt(random.below(66)),
    () => '',
    () => '4096',
    () => [],
    () => ({}),
    () => Symbol('wild'),
    () => () => undefined,
    () => new Uint8Array(random.below(3)),
    () => new ArrayBuffer(8),
    () => random.pick(state.objects),
    () =>
      new Proxy(
        {},
        {
          get: () => {
            throw new RangeError('a getter that throws')
          },
        },
      ),
  ])()
}

export function offset(state: FuzzState): number {
  const { random, pageSize } = state
  return random.chance(0.7) ? random.below(12) * pageSize : random.below(12 * pageSize)
}

export function length(state: FuzzState): number {
  const { random, pageSize } = state
  return random.chance(0.7) ? random.below(12) * pageSize : random.below(4 * pageSize)
}

function edge({ random }: FuzzState): bigint {
  return random.pick([0n, 1n, 2n ** 47n, 2n ** 56n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 4096n])
}

/** An address within a mapping, an unmapped one, or one at an edge of the address space. */
export function address(state: FuzzState): bigint {
  const { random, pageSize } = state
  const spans = state.objects.filter((value) => 'start' in value && 'size' in value && 'bytes' in value)
  if (spans.length === 0 || random.chance(0.1)) return edge(state)
  try {
    return (Reflect.get(random.pick(spans), 'start') as bigint) + BigInt(random.below(6) * pageSize)
  } catch {
    return 0n // unmapped meanwhile
  }
}

/**
 * A range to register: of one mapping, or one that nothing can be registered in. A userfaultfd over memory beside, such as the heap or the
 * addon's own, would stop the process at its next use.
 */
export function toRegister(state: FuzzState): [start: bigint, bytes: number] {
  const own = state.random.chance(0.9) ? ownRange(state) : undefined
  return own === undefined ? [edge(state), length(state)] : [own.start, own.bytes]
}

/** Whole pages of one mapping that a call has returned. */
export function ownRange(state: FuzzState): { readonly start: bigint; readonly bytes: number } | undefined {
  const { random, pageSize } = state
  const mappings = state.objects.filter((value) => 'start' in value && 'size' in value && 'bytes' in value)
  if (mappings.length === 0) return undefined
  const mapping = random.pick(mappings)
  const start = Reflect.get(mapping, 'start') as bigint
  const pages = Math.floor((Reflect.get(mapping, 'size') as number) / pageSize)
  if (start % BigInt(pageSize) !== 0n || pages === 0) return undefined
  const first = random.below(pages)
  return { start: start + BigInt(first * pageSize), bytes: (1 + random.below(pages - first)) * pageSize }
}

export function mapOptions(state: FuzzState): Record<string, unknown> {
  const { random } = state
  const files = state.objects.filter((value) => value.constructor.name === 'MemoryFile')
  const options: Record<string, unknown> = { length: 1 + length(state) }
  if (random.chance(0.4)) options.file = files.length > 0 && random.chance(0.7) ? random.pick(files) : FILE
  if (random.chance(0.3)) options.shared = random.chance(0.7)
  if (random.chance(0.2)) options.offset = offset(state)
  if (random.chance(0.1)) options.address = address(state)
  if (random.chance(0.05)) options.fixed = 'noreplace'
  if (random.chance(0.05)) options.hugePages = random.pick([true, 2 ** 21])
  for (const flag of ['populate', 'noReserve', 'stack', 'locked', 'noCoreDump', 'jit', 'writable'])
    if (random.chance(0.08)) options[flag] = true
  if (random.chance(0.1)) options.advice = random.pick(ADVICE)
  if (random.chance(0.05)) options.length = 2 ** (20 + random.below(5))
  if (random.chance(0.06)) options[random.pick(OPTIONS)] = wild(state)
  return options
}

/** Arguments that the method of this name takes, most of the time. */
export function argumentsOf(state: FuzzState, name: string): unknown[] {
  const { random } = state
  if (random.chance(0.08)) return Array.from({ length: random.below(4) }, () => wild(state))
  const range = () => (random.chance(0.2) ? [] : [offset(state), length(state)])
  const bytes = () => new Uint8Array(length(state))
  switch (name) {
    case 'view':
    case 'commit':
    case 'decommit':
    case 'lock':
    case 'unlock':
    case 'populate':
    case 'resident':
    case 'residentRuns':
    case 'residentRunsSync':
    case 'flush':
    case 'flushSync':
    case 'flushAsync':
    case 'flushIcache':
    case 'ready':
    case 'prefetch':
    case 'invalidate':
      return range()
    case 'read':
    case 'write':
    case 'readAsync':
    case 'writeAsync':
      return [offset(state), random.chance(0.9) ? bytes() : wild(state)]
    case 'splitOff':
    case 'splitTo':
    case 'resize':
    case 'truncate':
    case 'setResidentLimit':
      return [offset(state)]
    case 'merge':
    case 'from':
      return [random.pick(state.objects)]
    case 'advise':
      return [random.pick(ADVICE), ...range()]
    case 'addSeals':
      return [random.pick(['shrink', 'grow', 'write', 'future-write', 'seal', 'no'])]
    case 'vmaLookup':
    case 'lockVmaUnderRcu':
      return [address(state)]
    case 'readMemory':
      return [address(state), bytes()]
    case 'register':
      return [
        ...toRegister(state),
        random.pick<unknown>(['missing', 'wp', 'minor', ['missing', 'wp'], ['minor', 'wp'], ['missing', 'minor'], 7]),
      ]
    case 'unregister':
    case 'zero':
    case 'continue':
    case 'poison':
    case 'writeProtect':
    case 'wake':
    case 'written':
      return [address(state), length(state)]
    case 'copy':
      return [address(state), length(state), bytes()]
    case 'map':
      return random.chance(0.5)
        ? []
        : [{ protection: random.pick(['read', 'write']), length: 1 + length(state), offset: offset(state) }]
    default:
      return random.chance(0.2) ? [wild(state)] : []
  }
}

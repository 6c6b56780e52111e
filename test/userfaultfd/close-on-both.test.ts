import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Machine } from '#vmarea/model.js'
import type { Process } from '#vmarea/process.js'
import { thisProcess } from '#vmarea/this-process.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import type { UffdMode } from '#vmarea/vocabulary/uffd-mode.js'
import { VM } from '#vmarea/vocabulary/vm.js'
import { Random } from '../differential/random.js'
import { page } from './memory.js'
import { skipWithout } from './skip.js'

const PAGES = 12
const SEQUENCES = 120

/** What the memory of a random userfaultfd is like after it was closed: an area a line, then what each page reads as. */
function closed(process: Process, seed: number): string[] {
  const random = new Random(seed)
  const shared = random.chance(50)
  const length = random.chance(60) ? random.below(PAGES + 3) : undefined
  const file = length === undefined ? undefined : process.kernel.files.memfdCreate('closed', { sealable: false })
  const truncate = (size: number) => process.kernel.files.ftruncate(file!, size)
  if (file !== undefined) truncate(length! * page)
  using other = file !== undefined && length! > 0 ? process.mapMut({ file, shared: true }) : undefined
  // Within shared memory, so that no area of the process beside it merges with it or shares its anon_vma.
  const { calls } = process.kernel
  const around = calls.mmap(0n, (PAGES + 2) * page, 0, MAP.SHARED | MAP.ANONYMOUS, -1, 0)
  const common = {
    length: PAGES * page,
    shared,
    address: around + BigInt(page),
    fixed: 'replace' as const,
    foreign: true,
  }
  using memory = process.mapMut(file === undefined ? common : { ...common, file })
  const range = (): [start: bigint, length: number] => {
    const first = random.below(PAGES)
    return [memory.start + BigInt(first * page), (1 + random.below(PAGES - first)) * page]
  }
  const attempt = (act: () => void) => {
    try {
      act()
    } catch {
      // Both kernels refuse it, or what follows differs.
    }
  }
  const write = (mapping: typeof memory) =>
    attempt(() => mapping.write(random.below(PAGES) * page, Uint8Array.of(1 + random.below(9))))
  for (let count = random.below(5); count > 0; count--) write(random.chance(50) ? memory : (other ?? memory))

  const uffd = process.userfaultfd({ features: ['missing_shmem', 'minor_shmem', 'wp_unpopulated', 'poison'] })
  const modes: readonly UffdMode[] = random.pick([
    ['missing'],
    ['missing', 'wp'],
    ['minor'],
    ['missing', 'minor'],
    ['missing', 'minor', 'wp'],
    ['wp'],
  ] as const)
  for (let count = 1 + random.below(2); count > 0; count--) attempt(() => uffd.register(...range(), [...modes]))
  for (let count = random.below(5); count > 0; count--) {
    const [start, size] = range()
    const how = random.below(6)
    if (how === 0) attempt(() => uffd.unregister(start, size))
    if (how === 1) attempt(() => uffd.copy(start, size, new Uint8Array(size).fill(7)))
    if (how === 2) attempt(() => uffd.writeProtect(start, size, random.chance(70)))
    if (how === 3) attempt(() => uffd.poison(start, page))
    if (how === 4 && other !== undefined) write(other)
    if (how === 5 && file !== undefined) attempt(() => truncate(random.below(PAGES) * page))
  }
  uffd.close()

  const lines: string[] = []
  const offset = (address: bigint) => Math.min(Math.max(Number(address - memory.start), 0), PAGES * page)
  using user = process.mm.mmgetNotZero()!
  {
    using guard = user.mmapReadLock()
    for (let at = memory.start; at < memory.end; ) {
      const { start, end, flags } = guard.vmaLookup(at)!
      const shown = flags & ~VM.SOFTDIRTY & ~VM.ACCOUNT
      lines.push(`${offset(start)} to ${offset(end)}: ${shown.toString(16)}`)
      at = end
    }
  }
  if (file !== undefined) attempt(() => truncate(PAGES * page))
  for (let index = 0; index < PAGES; index++) {
    try {
      lines.push(`${index}: ${memory.read(index * page, new Uint8Array(1))[0]}`)
    } catch (error) {
      lines.push(`${index}: ${(error as { reason?: string }).reason ?? error}`)
    }
  }
  if (file !== undefined) process.kernel.files.close(file)
  calls.munmap(around, page)
  calls.munmap(memory.end, page)
  return lines
}

test('closing a userfaultfd leaves the same memory on both kernels, whatever was registered', {
  skip: skipWithout('poison', 'minor_shmem', 'wp_unpopulated'),
}, (context) => {
  const seed = Date.now() % 2 ** 31
  context.diagnostic(`seed ${seed}`)
  const modelled = new Machine().spawn()
  for (let number = seed; number < seed + SEQUENCES; number++) {
    assert.deepEqual(
      closed(modelled, number),
      closed(thisProcess(), number),
      `seed ${number}: the model, then the kernel`,
    )
  }
})

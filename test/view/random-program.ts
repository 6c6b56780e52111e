import fc from 'fast-check'

const PROTECTION = fc.constantFrom('PROT_NONE', 'PROT_READ', 'PROT_READ | PROT_WRITE', 'PROT_READ | PROT_EXEC')
const ADVICE = fc.constantFrom(
  'MADV_DONTNEED',
  'MADV_DONTDUMP',
  'MADV_DODUMP',
  'MADV_DONTFORK',
  'MADV_DOFORK',
  'MADV_SEQUENTIAL',
  'MADV_NORMAL',
  'MADV_GUARD_INSTALL',
  'MADV_GUARD_REMOVE',
  'MADV_WIPEONFORK',
)
const KIND = fc.constantFrom(
  'MAP_PRIVATE | MAP_ANONYMOUS, -1, 0',
  'MAP_SHARED | MAP_ANONYMOUS, -1, 0',
  'MAP_PRIVATE, f, 4K',
  'MAP_SHARED, f, 0',
)
const PLACE = fc.nat(31).map((page) => `a + ${page * 4}K`)
const LENGTH = fc.integer({ min: 1, max: 8 }).map((pages) => `${pages * 4}K`)
const WHO = fc.constantFrom('', '', 'child: ')

const LINE = fc.oneof(
  fc
    .tuple(LENGTH, PROTECTION, KIND)
    .map(([length, protection, kind]) => `mmap(NULL, ${length}, ${protection}, ${kind})`),
  fc
    .tuple(PLACE, LENGTH, PROTECTION, KIND)
    .map(([place, length, protection, kind]) => `mmap(${place}, ${length}, ${protection}, MAP_FIXED | ${kind})`),
  fc.tuple(PLACE, LENGTH).map(([place, length]) => `munmap(${place}, ${length})`),
  fc.tuple(PLACE, LENGTH, PROTECTION).map((values) => `mprotect(${values.join(', ')})`),
  fc.tuple(PLACE, LENGTH, LENGTH).map(([place, old, length]) => `mremap(${place}, ${old}, ${length}, MREMAP_MAYMOVE)`),
  fc.tuple(PLACE, LENGTH, ADVICE).map((values) => `madvise(${values.join(', ')})`),
  fc.tuple(PLACE, LENGTH).map((values) => `mlock(${values.join(', ')})`),
  fc.tuple(PLACE, fc.nat(255)).map((values) => `store(${values.join(', ')})`),
  PLACE.map((place) => `load(${place})`),
  PLACE.map((place) => `jump(${place})`),
)

/** Programs of so many calls around 128K of memory, by two processes. */
export function randomProgram(calls: number): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(WHO, LINE), { minLength: calls, maxLength: calls })
    .map((lines) =>
      [
        'f = memfd_create("f")',
        'ftruncate(f, 20K)',
        'a = mmap(NULL, 128K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)',
        'store(a + 4K, 7)',
        'child = fork()',
        ...lines.map(([who, line]) => who + line),
      ].join('\n'),
    )
}

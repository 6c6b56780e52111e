import fc from 'fast-check'
import type { MadeUpArea } from './kernel-line.js'

const letters = (letter: string) => fc.constantFrom(letter, '-')

/** Bytes that the kernel allows in a name, the awkward ones often. */
const name = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  fc
    .constantFrom(
      '[heap]',
      '[stack]',
      '/a (deleted)',
      '/a\nb',
      '/a\\012b',
      ' /leading',
      '/trailing ',
      '/7f00-8f00 rw-p',
      '/VmFlags: rd wr',
    )
    .map((text) => Buffer.from(text)),
  fc
    .array(fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(10, 32, 92, 58, 45)), {
      minLength: 1,
      maxLength: 300,
    })
    .map((bytes) => Buffer.concat([Buffer.from('/'), Buffer.from(bytes)])),
)

/** Lists of areas as a kernel could have them: in order, of any width of number. */
export const madeUpAreas: fc.Arbitrary<MadeUpArea[]> = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 1n << 40n })),
      pages: fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 1n, max: 1n << 34n })),
      permissions: fc
        .tuple(letters('r'), letters('w'), letters('x'), fc.constantFrom('s', 'p'))
        .map((four) => four.join('')),
      offset: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: (1n << 51n) - 1n })).map((pages) => pages * 4096n),
      major: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xfff })),
      minor: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xfffff })),
      inode: fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 1n, max: 99n })),
      name,
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    const areas: MadeUpArea[] = []
    let at = 0n
    for (const { gap, pages, ...rest } of steps) {
      const start = at + gap * 4096n
      at = start + pages * 4096n
      areas.push({ start, end: at, ...rest })
    }
    return areas
  })

// Random sequences of everything that changes a mapping's shape or permission, against a simple model and against /proc/self/maps.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type Mmap,
  type MmapMut,
  type MmapNone,
  map,
  mapMut,
  mapNone,
  memfd,
  pageSize,
  type Reserved,
  type ReservedMut,
  type ReservedNone,
  reserveMut,
  UsageError,
} from '#vmarea/index.js'
import { pagePermissions } from '../support/memory-areas.js'
import { seed } from '../support/seed.js'
import { temporaryFile } from '../support/temporary-folder.js'

const page = pageSize()
const PAGES = 8

type Committed = MmapNone | Mmap | MmapMut
type Piece = Committed | ReservedNone | Reserved | ReservedMut

interface Step {
  readonly kind:
    | 'split'
    | 'splitTo'
    | 'merge'
    | 'none'
    | 'read'
    | 'exec'
    | 'write'
    | 'fill'
    | 'unmap'
    | 'commit'
    | 'decommit'
  readonly piece: number
  readonly at: number
  readonly length: number
  readonly steal: boolean
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>(
      'split',
      'split',
      'splitTo',
      'merge',
      'merge',
      'merge',
      'none',
      'read',
      'exec',
      'write',
      'write',
      'fill',
      'fill',
      'unmap',
      'commit',
      'commit',
      'decommit',
    ),
    piece: fc.nat(PAGES),
    at: fc.nat(PAGES),
    length: fc.nat(PAGES),
    steal: fc.boolean(),
  }),
  { maxLength: 60, size: 'max' },
)

/** What the test believes of one piece: its pages' first bytes, and which are committed. */
interface Model {
  handle: Piece
  from: number
  pages: { byte: number; committed: boolean }[]
  permission: '---' | 'r--' | 'r-x' | 'rw-'
  origin: 'left' | 'right'
}

const permissionOf = { none: '---', read: 'r--', exec: 'r-x', write: 'rw-' } as const

function run(
  make: () => Piece,
  sharing: 'p' | 's',
  reserved: boolean,
  byteOf: (page: number) => number,
  list: readonly Step[],
) {
  const first = make()
  const { start } = first
  const at = (index: number) => start + BigInt(index * page)
  const pieces: Model[] = [
    {
      handle: first,
      from: 0,
      pages: Array.from({ length: PAGES }, (_, index) => ({ byte: byteOf(index), committed: !reserved })),
      permission: 'rw-',
      origin: 'left',
    },
  ]
  const stolen: Uint8Array[] = []
  let filling = 0
  try {
    for (const step of list) {
      if (pieces.length === 0) break
      const index = step.piece % pieces.length
      const piece = pieces[index]!
      const { handle } = piece
      if (step.steal && piece.permission !== '---' && piece.pages[0]!.committed) {
        stolen.push((handle as MmapMut).view(0, page))
      }
      switch (step.kind) {
        case 'split':
        case 'splitTo': {
          if (piece.pages.length < 2) break
          const cut = 1 + (step.at % (piece.pages.length - 1))
          const rest = step.kind === 'split' ? handle.splitOff(cut * page) : handle.splitTo(cut * page)
          const tail: Model = { ...piece, from: piece.from + cut, pages: piece.pages.splice(cut) }
          tail.handle = step.kind === 'split' ? rest : handle
          piece.handle = step.kind === 'split' ? handle : rest
          pieces.splice(index + 1, 0, tail)
          break
        }
        case 'merge': {
          const next = pieces[index + 1]
          if (next === undefined) break
          const fits = next.from === piece.from + piece.pages.length && next.permission === piece.permission
          if (!fits) {
            assert.throws(() => (handle as Mmap).merge(next.handle as Mmap), UsageError)
            break
          }
          ;(handle as Mmap).merge(next.handle as Mmap)
          piece.pages.push(...next.pages)
          pieces.splice(index + 1, 1)
          break
        }
        case 'none':
        case 'read':
        case 'exec':
        case 'write': {
          const names = { none: 'makeNone', read: 'makeReadOnly', exec: 'makeExec', write: 'makeMut' } as const
          piece.handle = handle[names[step.kind]]()
          piece.permission = permissionOf[step.kind]
          break
        }
        case 'fill': {
          if (piece.permission !== 'rw-') break
          filling = (filling + 1) % 256
          for (const [number, one] of piece.pages.entries()) {
            if (!one.committed) continue
            ;(handle as MmapMut).view(number * page, page).fill(filling)
            one.byte = filling
          }
          break
        }
        case 'commit':
        case 'decommit': {
          if (!reserved) break
          const from = step.at % piece.pages.length
          const count = 1 + (step.length % (piece.pages.length - from))
          ;(handle as ReservedMut)[step.kind](from * page, count * page)
          for (const one of piece.pages.slice(from, from + count)) {
            if (step.kind === 'decommit') one.byte = one.committed ? 0 : one.byte
            one.committed = step.kind === 'commit'
          }
          break
        }
        case 'unmap':
          handle.unmap()
          pieces.splice(index, 1)
          break
      }
      check(pieces, at, sharing)
    }
  } finally {
    for (const { handle } of pieces) handle.unmap()
  }
  // What was stolen before reaches nothing any more.
  for (const view of stolen) assert.ok(view.length === 0 || view.length === page)
}

function check(pieces: readonly Model[], at: (index: number) => bigint, sharing: string): void {
  const permissions = pagePermissions(at(0), at(PAGES), page)
  const one = new Uint8Array(1)
  for (const { handle, from, pages, permission } of pieces) {
    assert.equal(handle.start, at(from))
    assert.equal(handle.end, at(from + pages.length))
    assert.equal(handle.size, pages.length * page)
    for (const [index, { byte, committed }] of pages.entries()) {
      const expected = committed ? permission : '---'
      assert.equal(permissions[from + index]!.slice(0, 3), expected, `page ${from + index}`)
      if (committed) assert.equal(permissions[from + index]![3], sharing, `sharing of page ${from + index}`)
      if (expected === '---') continue
      assert.equal((handle as Mmap).read(index * page + page - 1, one)[0], byte, `byte of page ${from + index}`)
    }
  }
}

const property = (
  title: string,
  make: () => Piece,
  sharing: 'p' | 's',
  reserved = false,
  byteOf: (page: number) => number = () => 0,
) =>
  test(title, () => {
    fc.assert(
      fc.property(steps, (list) => run(make, sharing, reserved, byteOf, list)),
      { seed, numRuns: 40 },
    )
  })

describe('any sequence of split, merge, protect, fill, commit, decommit and unmap leaves what a simple model says', () => {
  const length = PAGES * page
  property('of private anonymous memory', () => mapMut({ length }), 'p')
  property('of shared anonymous memory', () => mapMut({ length, shared: true }), 's')
  const file = temporaryFile(new Uint8Array(length).map((_, index) => Math.floor(index / page) + 100))
  property(
    'of a private file mapping',
    () => mapMut({ file }),
    'p',
    false,
    (index) => index + 100,
  )
  property(
    'of a shared memory file',
    () => {
      using memory = memfd('shape', { size: length })
      return mapMut({ file: memory, shared: true })
    },
    's',
  )
  property('of a private reservation', () => reserveMut({ length }), 'p', true)
  property('of a shared reservation', () => reserveMut({ length, shared: true }), 's', true)
})

describe('any sequence of resizes keeps the bytes that stay', () => {
  const kinds = {
    'private anonymous memory': (length: number) => mapMut({ length }),
    'a memory file that is long enough': (length: number) => {
      using memory = memfd('resize', { size: 64 * page })
      return mapMut({ file: memory, shared: true, length })
    },
  }
  for (const [name, make] of Object.entries(kinds)) {
    test(`of ${name}, with and without views that stay behind`, () => {
      fc.assert(
        fc.property(
          fc.array(
            fc.record({ length: fc.integer({ min: 1, max: 40 * page }), view: fc.boolean(), wall: fc.boolean() }),
            {
              maxLength: 12,
              size: 'max',
            },
          ),
          (changes) => {
            const mapping = make(page)
            const walls: MmapNone[] = []
            const views: Uint8Array[] = []
            let expected = new Uint8Array(page)
            const isFile = name.includes('file')
            const contents = new Uint8Array(64 * page) // of the file, which remembers what a mapping let go of
            try {
              let byte = 0
              for (const { length, view, wall } of changes) {
                if (view) views.push(mapping.bytes)
                // Something in the way makes it move.
                if (wall) {
                  const behind = (mapping.end + BigInt(page - 1)) & -BigInt(page)
                  try {
                    walls.push(mapNone({ length: page, address: behind, fixed: 'noreplace' }))
                  } catch (error) {
                    assert.equal((error as { code?: string }).code, 'EEXIST')
                  }
                }
                // What is beyond the size, on the last page, is memory all the same.
                const whole = Math.ceil(mapping.size / page) * page
                mapping.resize(length)
                const next = new Uint8Array(length)
                if (isFile) next.set(contents.subarray(0, length))
                else next.set(expected.subarray(0, length))
                assert.equal(mapping.size, length)
                assert.equal(
                  Buffer.compare(mapping.read(0, new Uint8Array(length)), next),
                  0,
                  `after ${whole} to ${length}`,
                )
                for (const old of views) assert.equal(old.length, 0)
                byte = (byte + 1) % 255
                mapping.write(0, new Uint8Array(length).fill(byte + 1))
                next.fill(byte + 1)
                contents.fill(byte + 1, 0, length)
                // Pages that stay keep what was behind the size.
                expected = isFile ? next : withTail(next, expected, page)
              }
            } finally {
              mapping.unmap()
              for (const wall of walls) wall.unmap()
            }
          },
        ),
        { seed, numRuns: 40 },
      )
    })
  }
})

// Bytes behind the size, on a page that stays, come back into sight when the mapping grows.
function withTail(next: Uint8Array<ArrayBuffer>, before: Uint8Array, pageSize: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(Math.ceil(next.length / pageSize) * pageSize)
  whole.set(before.subarray(0, whole.length))
  whole.set(next)
  return whole
}

test('two pieces with views that were merged go as one, and their views with them', () => {
  const left = mapMut({ length: 2 * page })
  const right = left.splitOff(page)
  const views = [left.bytes, right.bytes]
  left.merge(right)
  views.push(left.bytes)
  left.bytes.fill(1)
  const { start, end } = left
  left.unmap()
  assert.deepEqual(
    views.map(({ length }) => length),
    [0, 0, 0],
  )
  assert.deepEqual(
    pagePermissions(start, end, page).map((permissions) => permissions === '' || permissions === '---p'),
    [true, true],
  )
})

test('a piece of a file keeps its place in the file through splits, transitions and merges', () => {
  const file = temporaryFile(6 * page)
  const mapping = map({ file, offset: page, length: 5 * page })
  const middle = mapping.splitOff(page)
  const end = middle.splitOff(2 * page)
  const changed = middle.makeMut().makeNone().makeReadOnly()
  mapping.merge(changed)
  mapping.merge(end)
  assert.equal(mapping.size, 5 * page)
  assert.ok(mapping.bytes.every((byte, index) => byte === (page + index) % 251))
  mapping.unmap()
})

// Every operation on every kind of handle, in every state that a handle can be in.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type MemoryFile,
  Mmap,
  MmapMut,
  MmapNone,
  map,
  mapMut,
  mapNone,
  memfd,
  pageSize,
  Reserved,
  ReservedMut,
  ReservedNone,
  reserve,
  reserveMut,
  reserveNone,
  thisProcess,
} from '#vmarea/index.js'
import { pagePermissions } from '../support/memory-areas.js'
import { isFault, isUsage, isVm } from '../support/throws.js'

const page = pageSize()
type Handle = MmapNone | Mmap | MmapMut | ReservedNone | Reserved | ReservedMut
type Outcome = 'allowed' | 'blocked'

const makers = {
  MmapNone: mapNone,
  Mmap: map,
  MmapMut: mapMut,
  ReservedNone: reserveNone,
  Reserved: reserve,
  ReservedMut: reserveMut,
} as const
type Kind = keyof typeof makers
const kinds = Object.keys(makers) as Kind[]
const committed: readonly Kind[] = ['MmapNone', 'Mmap', 'MmapMut']
const reserved: readonly Kind[] = ['ReservedNone', 'Reserved', 'ReservedMut']
const readable: readonly Kind[] = ['Mmap', 'MmapMut', 'Reserved', 'ReservedMut']
const writable: readonly Kind[] = ['MmapMut', 'ReservedMut']

interface Operation {
  readonly on: readonly Kind[]
  /** While a fault is not restored: whatever would hand on or save data is blocked. */
  readonly faulted: Outcome
  /** While this thread holds the layout for reading: whatever changes it is blocked. */
  readonly locked: Outcome
  /** On a handle that was moved or unmapped. */
  readonly ended?: Outcome
  // biome-ignore lint/suspicious/noExplicitAny: each operation is tried only on the kinds that have it
  readonly act: (handle: any, neighbour: Handle) => unknown
}

const looks = { on: kinds, faulted: 'allowed', locked: 'allowed' } satisfies Partial<Operation>
const changes = { on: kinds, faulted: 'blocked', locked: 'blocked' } satisfies Partial<Operation>
const one = () => new Uint8Array(1)

// Handles have two pages, of which a reservation has committed the first.
const operations: Record<string, Operation> = {
  start: { ...looks, act: (handle) => handle.start },
  end: { ...looks, act: (handle) => handle.end },
  size: { ...looks, act: (handle) => handle.size },
  asPtr: { ...looks, act: (handle) => handle.asPtr() },
  String: { ...looks, ended: 'allowed', act: (handle) => String(handle) },
  inspect: { ...looks, ended: 'allowed', act: (handle) => handle[Symbol.for('nodejs.util.inspect.custom')]() },
  fault: { ...looks, act: (handle) => handle.fault },
  faults: { ...looks, act: (handle) => handle.faults },
  resident: { ...looks, act: (handle) => handle.resident() },
  flushIcache: { ...looks, act: (handle) => handle.flushIcache() },
  populate: { ...looks, on: readable, act: (handle) => handle.populate(0, page) },
  view: { ...looks, on: readable, act: (handle) => handle.view(0, page) },
  bytes: { ...looks, on: ['Mmap', 'MmapMut'], act: (handle) => handle.bytes },

  read: { ...looks, faulted: 'blocked', on: readable, act: (handle) => handle.read(0, one()) },
  readAsync: { ...looks, faulted: 'blocked', on: readable, act: (handle) => handle.readAsync(0, one()) },
  access: { ...looks, faulted: 'blocked', on: readable, act: (handle) => handle.access(() => 1, 0, page) },
  write: { ...looks, faulted: 'blocked', on: writable, act: (handle) => handle.write(0, one()) },
  writeAsync: { ...looks, faulted: 'blocked', on: writable, act: (handle) => handle.writeAsync(0, one()) },
  flush: { ...looks, faulted: 'blocked', act: (handle) => handle.flush(0, page) },
  flushSync: { ...looks, faulted: 'blocked', act: (handle) => handle.flushSync(0, page) },
  flushAsync: { ...looks, faulted: 'blocked', act: (handle) => handle.flushAsync(0, page) },
  splitOff: { ...looks, faulted: 'blocked', act: (handle) => handle.splitOff(page).unmap },
  splitTo: { ...looks, faulted: 'blocked', act: (handle) => handle.splitTo(page).unmap },
  merge: { ...looks, faulted: 'blocked', act: (handle, neighbour) => handle.merge(neighbour) },

  makeNone: { ...changes, act: (handle) => handle.makeNone() },
  makeReadOnly: { ...changes, act: (handle) => handle.makeReadOnly() },
  makeExec: { ...changes, act: (handle) => handle.makeExec() },
  makeExecNoFlush: { ...changes, act: (handle) => handle.makeExecNoFlush() },
  makeMut: { ...changes, act: (handle) => handle.makeMut() },
  makeExecMut: { ...changes, act: (handle) => handle.makeExecMut() },
  resize: { ...changes, on: committed, act: (handle) => handle.resize(page) },
  decommit: { ...changes, on: reserved, act: (handle) => handle.decommit(0, page) },
  // To commit hands no bytes on.
  commit: { ...changes, faulted: 'allowed', on: reserved, act: (handle) => handle.commit(page, page) },
  lock: { ...changes, faulted: 'allowed', on: readable, act: (handle) => handle.lock(0, page) },
  unlock: { ...changes, faulted: 'allowed', on: readable, act: (handle) => handle.unlock(0, page) },
  advise: { ...changes, faulted: 'allowed', on: readable, act: (handle) => handle.advise('normal', 0, page) },
  restore: { ...changes, faulted: 'allowed', act: (handle) => handle.restore() },
  unmap: { ...changes, faulted: 'allowed', ended: 'allowed', act: (handle) => handle.unmap() },
  dispose: { ...changes, faulted: 'allowed', ended: 'allowed', act: (handle) => handle[Symbol.dispose]() },

  'MmapNone.from': { ...changes, on: ['ReservedNone'], act: (handle) => MmapNone.from(handle) },
  'Mmap.from': { ...changes, on: ['MmapNone', 'MmapMut', 'Reserved'], act: (handle) => Mmap.from(handle) },
  'MmapMut.from': { ...changes, on: ['MmapNone', 'Mmap', 'ReservedMut'], act: (handle) => MmapMut.from(handle) },
  'Reserved.from': { ...changes, on: ['ReservedNone', 'ReservedMut'], act: (handle) => Reserved.from(handle) },
  'ReservedMut.from': { ...changes, on: ['ReservedNone', 'Reserved'], act: (handle) => ReservedMut.from(handle) },
}

interface Subject {
  readonly file: MemoryFile
  readonly handle: Handle
  readonly neighbour: Handle
  readonly from: bigint
  readonly to: bigint
}

function subject(kind: Kind): Subject {
  const file = memfd(kind, { size: 3 * page })
  const handle: Handle = makers[kind]({ file, shared: true, jit: true })
  const neighbour = handle.splitOff(2 * page)
  if (reserved.includes(kind)) (handle as ReservedMut).commit(0, page)
  return { file, handle, neighbour, from: handle.start, to: neighbour.end }
}

function viewOf({ handle }: Subject): Uint8Array | undefined {
  return handle instanceof MmapNone || handle instanceof ReservedNone
    ? undefined
    : (handle.view(0, page) as unknown as Uint8Array)
}

function cleanUp({ handle, neighbour, file }: Subject, more: unknown): void {
  for (const each of [handle, neighbour, more]) (each as Partial<Disposable> | undefined)?.[Symbol.dispose]?.()
  file[Symbol.dispose]()
}

async function allowed(subject: Subject, { act }: Operation): Promise<void> {
  const result = await act(subject.handle, subject.neighbour)
  cleanUp(subject, result)
}

async function blocked(subject: Subject, { act }: Operation, by: (error: unknown) => true): Promise<void> {
  const { from, to, handle, neighbour } = subject
  const before = pagePermissions(from, to, page)
  await assert.rejects(async () => act(handle, neighbour), by)
  assert.deepEqual(pagePermissions(from, to, page), before, 'nothing has changed')
}

interface TransferableBuffer extends ArrayBuffer {
  transfer(): ArrayBuffer
}
const keepsBuffers =
  'transfer' in ArrayBuffer.prototype ? false : 'this Node has no ArrayBuffer.prototype.transfer, and otherwise copies'

for (const kind of kinds) {
  describe(kind, () => {
    for (const [name, operation] of Object.entries(operations)) {
      if (!operation.on.includes(kind)) continue
      const ended = operation.ended ?? 'blocked'

      test(`${name} on a live handle (allowed)`, () => allowed(subject(kind), operation))

      test(`${name} on a moved handle (${ended})`, async () => {
        const it = subject(kind)
        const heir = it.handle.makeReadOnly()
        if (ended === 'allowed') {
          await operation.act(it.handle, it.neighbour)
          assert.equal(heir.size, 2 * page, 'the memory is its heir’s')
        } else {
          await blocked(it, operation, (error) => isUsage(error, 'ERR_VMAREA_MOVED', new RegExp(kind)))
        }
        cleanUp(it, heir)
      })

      test(`${name} on an unmapped handle (${ended})`, async () => {
        const it = subject(kind)
        it.handle.unmap()
        if (ended === 'allowed') await operation.act(it.handle, it.neighbour)
        else {
          // The addresses of the handle are free, and memory of another thread or of the C library may come to them.
          const left = { ...it, from: it.neighbour.start }
          await blocked(left, operation, (error) => isUsage(error, 'ERR_VMAREA_UNMAPPED', new RegExp(kind)))
        }
        cleanUp(it, undefined)
      })

      const { locked } = operation
      test(`${name} while this thread holds the layout for reading (${locked})`, async () => {
        const it = subject(kind)
        const view = viewOf(it)
        const { addressSpace } = thisProcess().kernel
        addressSpace.readLock()
        let result: unknown
        try {
          if (locked === 'allowed') result = await operation.act(it.handle, it.neighbour)
          else await blocked(it, operation, (error) => isVm(error, 'EDEADLK'))
        } finally {
          addressSpace.readUnlock()
        }
        if (locked === 'blocked') {
          assert.equal(it.handle.size, 2 * page, 'the handle is good')
          assert.equal(view?.length ?? page, page, 'the views live')
        }
        cleanUp(it, result)
      })

      if (!readable.includes(kind)) continue

      test(`${name} with a fault that was not restored (${operation.faulted})`, async () => {
        const it = subject(kind)
        const view = viewOf(it)!
        it.file.truncate(0)
        assert.equal(view[1], 0)
        it.file.truncate(3 * page)
        if (operation.faulted === 'allowed') {
          await allowed(it, operation)
          return
        }
        await blocked(it, operation, (error) => isFault(error, { offset: 1, access: 'read' }))
        assert.equal(view.length, page, 'the views live')
        it.handle.restore()
        await allowed(it, operation)
      })

      test(`${name} inside access (allowed)`, async () => {
        const it = subject(kind)
        const handle = it.handle as MmapMut
        const result = handle.access(() => ({ of: operation.act(handle, it.neighbour) }), 0, page)
        await result.of
        cleanUp(it, result.of)
      })

      test(`${name} after a view was transferred away by its holder (allowed)`, { skip: keepsBuffers }, () => {
        const it = subject(kind)
        const stolen = (viewOf(it)!.buffer as TransferableBuffer).transfer()
        assert.ok(stolen.byteLength >= page)
        return allowed(it, operation)
      })
    }
  })
}

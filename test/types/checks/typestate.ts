// Compiled against the emitted declarations, as a user of the package has them. Each @ts-expect-error is a test: without the error
// the compiler complains.
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import {
  type Device,
  defineDevice,
  type MemoryFault,
  Mmap,
  MmapMut,
  MmapNone,
  map,
  type mapExec,
  type mapExecMut,
  type mapMut,
  type mapNone,
  memfd,
  openDevice,
  type ReadonlyBytes,
  Reserved,
  ReservedMut,
  type ReservedNone,
  type reserve,
  type reserveExec,
  type reserveExecMut,
  type reserveMut,
  type reserveNone,
} from 'vmarea'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function holds<_Claim extends true>(): void {}

// ---- no handle passes for another ----

declare let none: MmapNone
declare let read: Mmap
declare let write: MmapMut
declare let reservedNone: ReservedNone
declare let reservedRead: Reserved
declare let reservedWrite: ReservedMut

// @ts-expect-error
none = read
// @ts-expect-error
none = write
// @ts-expect-error
none = reservedNone
// @ts-expect-error
none = reservedRead
// @ts-expect-error
none = reservedWrite
// @ts-expect-error
read = none
// @ts-expect-error
read = write
// @ts-expect-error
read = reservedNone
// @ts-expect-error
read = reservedRead
// @ts-expect-error
read = reservedWrite
// @ts-expect-error
write = none
// @ts-expect-error
write = read
// @ts-expect-error
write = reservedNone
// @ts-expect-error
write = reservedRead
// @ts-expect-error
write = reservedWrite
// @ts-expect-error
reservedNone = none
// @ts-expect-error
reservedNone = read
// @ts-expect-error
reservedNone = write
// @ts-expect-error
reservedNone = reservedRead
// @ts-expect-error
reservedNone = reservedWrite
// @ts-expect-error
reservedRead = none
// @ts-expect-error
reservedRead = read
// @ts-expect-error
reservedRead = write
// @ts-expect-error
reservedRead = reservedNone
// @ts-expect-error
reservedRead = reservedWrite
// @ts-expect-error
reservedWrite = none
// @ts-expect-error
reservedWrite = read
// @ts-expect-error
reservedWrite = write
// @ts-expect-error
reservedWrite = reservedNone
// @ts-expect-error
reservedWrite = reservedRead

// ---- what a permission allows ----

// @ts-expect-error no bytes without access
none.bytes
// @ts-expect-error
none.view(0, 1)
// @ts-expect-error
none.read(0, new Uint8Array(1))
// @ts-expect-error
none.access(() => 0)
// @ts-expect-error
none.write(0, new Uint8Array(1))
// @ts-expect-error
reservedNone.bytes
// @ts-expect-error
reservedNone.view(0, 1)
// @ts-expect-error no write through what is read-only
read.write(0, new Uint8Array(1))
// @ts-expect-error
read.writeAsync(0, new Uint8Array(1))
// @ts-expect-error
reservedRead.write(0, new Uint8Array(1))
// @ts-expect-error nothing to commit in what is committed
read.commit(0, 1)
// @ts-expect-error
write.decommit(0, 1)
// @ts-expect-error a reservation keeps its size
reservedWrite.resize(4096)

write.write(0, new Uint8Array(1))
reservedWrite.write(0, new Uint8Array(1))
write.bytes[0] = 1
write.bytes.fill(1)

// ---- read-only bytes ----

const { bytes } = read
// @ts-expect-error
bytes[0] = 1
// @ts-expect-error
bytes.fill(1)
// @ts-expect-error
bytes.set([1])
// @ts-expect-error
bytes.sort()
// @ts-expect-error
bytes.reverse()
// @ts-expect-error
bytes.copyWithin(0, 1)
// @ts-expect-error
bytes.subarray(1)[0] = 1
// @ts-expect-error
read.view(0, 1)[0] = 1
// @ts-expect-error
read.access((inside) => inside.fill(1))
// @ts-expect-error
reservedRead.view(0, 1)[0] = 1

const byte: number | undefined = bytes[0]
new TextDecoder().decode(bytes)
new TextDecoder().decode(bytes.subarray(1, 2))
writeSync(1, bytes)
createHash('sha256').update(bytes)
Buffer.from(bytes).equals(bytes)
const sum: number = bytes.reduce((total, each) => total + each, 0)
for (const each of bytes) void (each satisfies number)
const copy: Uint8Array<ArrayBuffer> = bytes.slice(0, 4)
const copied: Uint8Array<ArrayBuffer> = Uint8Array.from(bytes)
const readonlyBytes: ReadonlyBytes = write.bytes
// @ts-expect-error access gives back what the function returns
const wrong: string = read.access((inside) => inside.length)

// ---- what each function and transition gives ----

holds<Equal<ReturnType<typeof mapNone>, MmapNone>>()
holds<Equal<ReturnType<typeof map>, Mmap>>()
holds<Equal<ReturnType<typeof mapExec>, Mmap>>()
holds<Equal<ReturnType<typeof mapMut>, MmapMut>>()
holds<Equal<ReturnType<typeof mapExecMut>, MmapMut>>()
holds<Equal<ReturnType<typeof reserveNone>, ReservedNone>>()
holds<Equal<ReturnType<typeof reserve>, Reserved>>()
holds<Equal<ReturnType<typeof reserveExec>, Reserved>>()
holds<Equal<ReturnType<typeof reserveMut>, ReservedMut>>()
holds<Equal<ReturnType<typeof reserveExecMut>, ReservedMut>>()

function committedTransitions(handle: MmapNone | Mmap | MmapMut): void {
  const made = {
    none: handle.makeNone(),
    read: handle.makeReadOnly(),
    exec: handle.makeExec(),
    execNoFlush: handle.makeExecNoFlush(),
    write: handle.makeMut(),
    execWrite: handle.makeExecMut(),
  }
  holds<
    Equal<
      typeof made,
      { none: MmapNone; read: Mmap; exec: Mmap; execNoFlush: Mmap; write: MmapMut; execWrite: MmapMut }
    >
  >()
}

function reservedTransitions(handle: ReservedNone | Reserved | ReservedMut): void {
  const made = {
    none: handle.makeNone(),
    read: handle.makeReadOnly(),
    exec: handle.makeExec(),
    write: handle.makeMut(),
  }
  holds<Equal<typeof made, { none: ReservedNone; read: Reserved; exec: Reserved; write: ReservedMut }>>()
}

const parts = {
  none: none.splitOff(1),
  read: read.splitTo(1),
  write: write.splitOff(1),
  reserved: reservedRead.splitOff(1),
}
holds<Equal<typeof parts, { none: MmapNone; read: Mmap; write: MmapMut; reserved: Reserved }>>()

read.merge(parts.read)
// @ts-expect-error only one's own kind can be merged
read.merge(parts.write)
// @ts-expect-error
write.merge(parts.read)
// @ts-expect-error
reservedRead.merge(parts.read)
// @ts-expect-error
none.merge(parts.write)

holds<Equal<ReturnType<typeof Mmap.from>, Mmap>>()
holds<Equal<ReturnType<typeof MmapMut.from>, MmapMut>>()
Mmap.from(none)
Mmap.from(write)
Mmap.from(reservedRead)
MmapMut.from(reservedWrite)
MmapNone.from(reservedNone)
Reserved.from(reservedNone)
ReservedMut.from(reservedRead)
// @ts-expect-error a reservation commits to its own permission
Mmap.from(reservedWrite)
// @ts-expect-error
MmapMut.from(reservedRead)
// @ts-expect-error
MmapNone.from(reservedRead)
// @ts-expect-error
MmapNone.from(read)
// @ts-expect-error there is no way back from committed to reserved
Reserved.from(read)

// ---- numbers, addresses, options ----

holds<Equal<typeof read.start, bigint>>()
holds<Equal<typeof read.end, bigint>>()
holds<Equal<typeof read.size, number>>()
holds<Equal<typeof read.fault, MemoryFault | undefined>>()
// @ts-expect-error
read.size = 1
// @ts-expect-error
map({ length: 1n })
// @ts-expect-error
map({ length: 1, address: 4096 })
// @ts-expect-error
map({ length: 1, fixed: true })
// @ts-expect-error
map({ length: 1, advice: 'quickly' })
// @ts-expect-error
map({ lenght: 1 })
// @ts-expect-error a handle is got from a function, not made
new Mmap()
// @ts-expect-error
memfd('x', { seals: ['tight'] })
map({ file: memfd('x', { size: 1, seals: ['shrink', 'future-write'] }), advice: ['sequential', 'dontdump'] })
map({ file: new URL('file:///x') })
map({ file: 3 })
const typed: Float64Array<ArrayBuffer> = read.read(0, new Float64Array(1))
const later: Promise<DataView<ArrayBuffer>> = read.readAsync(0, new DataView(new ArrayBuffer(1)))

export { byte, committedTransitions, copied, copy, later, readonlyBytes, reservedTransitions, sum, typed, wrong }

// ---- what a device's map may do is in its type, and what its driver is given ----

declare const device: Device
const readMap = device.map()
const readMapToo = device.map({ offset: 3, protection: 'read' })
const writeMap = device.map({ protection: 'write', shared: true })
holds<Equal<typeof readMap, Mmap>>()
holds<Equal<typeof readMapToo, Mmap>>()
holds<Equal<typeof writeMap, MmapMut>>()
// @ts-expect-error A device is its file.
device.map({ file: 'other' })
// @ts-expect-error Nothing can be written through a map for reading.
readMap.write(0, new Uint8Array(1))

const numbers = defineDevice<{ readonly count: number }>(({ count }) => ({ size: count, fault() {} }))
openDevice(numbers, { driver: { count: 5 } })
// @ts-expect-error The driver wants a number.
openDevice(numbers, { driver: { count: '5' } })
openDevice(new URL('file:///driver.js'), { driver: { anything: true } })

// Reads an archive of 512 MiB that lies compressed in a file of some megabytes: a parser that knows nothing of it goes from header to header,
// and what it does not touch is never decompressed.
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from 'vmarea'
import { packFile } from 'vmarea/devices/blocks'

const MiB = 2 ** 20
const MEMBERS = 64
const MEMBER_SIZE = 8 * MiB - 512

const folder = await mkdtemp(join(tmpdir(), 'vmarea-example-'))
const path = join(folder, 'archive.tar.gz')
const { size, packedSize } = await packFile(archive(), path)
const small = packedSize < 10 * MiB && (await stat(path)).size === packedSize
console.log(`${Math.floor(size / MiB)} MiB in ${small ? 'less' : 'more'} than 10`) // 512 MiB in less than 10

const device = await openDevice(import.meta.resolve('vmarea/devices/blocks'), { driver: { path } })
const memory = device.map()
memory.access((bytes) => {
  const members = [...list(bytes)]
  console.log(members.length, 'members') // 64 members
  const { name, start } = members[41]
  const text = new TextDecoder().decode(bytes.subarray(start, start + 23))
  console.log(`${name}: ${text}`) // logs/41.txt: these are the notes 41,
})
const { bytesFilled } = device.statistics
console.log(bytesFilled < 16 * MiB ? 'little was decompressed' : `${bytesFilled} bytes were decompressed`) // little was decompressed
memory.unmap()
await device.close()
await rm(folder, { recursive: true })

/** The members of a tar archive: name, and where the content begins. It knows of bytes, and of nothing else. */
function* list(bytes) {
  const text = (from, length) => String.fromCharCode(...bytes.subarray(from, from + length)).replace(/\0.*/s, '')
  for (let at = 0; bytes[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    yield { name: text(at, 100), start: at + 512, size }
    at += 512 + Math.ceil(size / 512) * 512
  }
}

/** A tar archive, a mebibyte at a time: each member begins with some text, and is empty then. */
async function* archive() {
  const zeros = Buffer.alloc(MiB)
  for (let number = 0; number < MEMBERS; number++) {
    const first = Buffer.alloc(MiB)
    first.write(`logs/${number}.txt`)
    first.write(`${MEMBER_SIZE.toString(8)}\0`, 124)
    first.write('ustar', 257)
    first.fill(`these are the notes ${number}, `, 512, MiB / 2)
    yield first
    for (let rest = 1; rest < 8; rest++) yield zeros
  }
  yield Buffer.alloc(1024)
}

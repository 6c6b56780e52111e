// Another program cuts a file short while it is mapped. Elsewhere the next read ends the process; here it is an error.
import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryFault, map } from 'vmarea'

const path = join(tmpdir(), `vmarea-example-${process.pid}`)
writeFileSync(path, new Uint8Array(1 << 20).fill(1))
const file = map({ file: path })
truncateSync(path, 8192)
try {
  file.access((bytes) => bytes.reduce((sum, byte) => sum + byte, 0))
} catch (error) {
  if (!(error instanceof MemoryFault)) throw error
  console.log(`${error.reason} at offset ${error.offset}`) // past-end-of-file at offset 8192
}
file.unmap()
rmSync(path)

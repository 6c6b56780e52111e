// Changes a file through memory and waits for the disk without stopping the event loop.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mapMut } from 'vmarea'

const path = join(tmpdir(), `vmarea-save-${process.pid}`)
writeFileSync(path, 'count: 0')
const file = mapMut({ file: path, shared: true })
file.bytes[7] = '1'.charCodeAt(0)
await file.flush()
file.unmap()
console.log(readFileSync(path, 'utf8')) // count: 1
rmSync(path)

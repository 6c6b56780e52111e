// Reads a file without copying it: the bytes are the file, and pages come from the disk as they are touched.
import { map } from 'vmarea'

const file = map({ file: process.argv[2] ?? process.execPath })
let newlines = 0
file.access((bytes) => {
  for (const byte of bytes) if (byte === 10) newlines++
})
console.log(`${file.size} bytes, ${newlines} newlines`)
file.unmap()

// Two mappings of one memory file, sealed so that neither side can cut it short under the other.
import { map, mapMut, memfd } from 'vmarea'

const file = memfd('frames', { size: 65536, seals: ['shrink', 'grow'] })
const writer = mapMut({ file, shared: true })
const reader = map({ file, shared: true })
writer.bytes.set(new TextEncoder().encode('hello'))
console.log(new TextDecoder().decode(reader.bytes.slice(0, 5))) // hello
try {
  file.truncate(0)
} catch (error) {
  console.log(error.code) // EPERM
}
for (const handle of [writer, reader]) handle.unmap()
file[Symbol.dispose]()

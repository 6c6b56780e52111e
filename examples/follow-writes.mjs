// Tells which pages were written, and lets the kernel keep the account: no fault is served, nobody waits.
import { mapMut, pageSize, Userfaultfd } from 'vmarea'

const page = pageSize()
const memory = mapMut({ length: 100 * page })
const uffd = Userfaultfd.create({ features: ['wp_async'] })
uffd.register(memory.start, memory.size, 'wp')
uffd.writeProtect(memory.start, memory.size)

memory.bytes[3 * page] = 1
memory.bytes[4 * page] = 1
memory.bytes[90 * page] = 1
const written = uffd.written(memory.start, memory.size, { reset: true })
for (const { start, end } of written) {
  console.log(Number(start - memory.start) / page, 'to', Number(end - memory.start) / page)
}
memory.bytes[50 * page] = 1
console.log(uffd.written(memory.start, memory.size).length) // 1
uffd.close()
memory.unmap()

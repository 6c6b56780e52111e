// A write to a missing page of a read-only range, whose server maps memory before it answers.
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { MemoryFault } from '#vmarea/vocabulary/memory-fault.js'
import { kernel, page } from '../memory.js'
import { filled, startServer, stopServer } from './start-server.js'

const uffd = bindUserfaultfd(() => kernel).create()
const server = await startServer(uffd, { maps: true })
const mapping = thisProcess().mapMut({ length: 4 * page })
uffd.register(mapping.start, mapping.size)
const readOnly = mapping.makeReadOnly()
const { bytes } = readOnly
const present = bytes[0]
const reasons = [0, 1, 2].map((index) => {
  try {
    readOnly.access((readable) => {
      const bytes = readable as Uint8Array
      bytes[index * page] = 77
      // What reads on sees what was there, and nobody is asked for what was not.
      if (bytes[index * page + 1] !== (index === 0 ? present : 0))
        throw new Error(`page ${index} reads ${bytes[index * page + 1]}`)
    })
    return 'none'
  } catch (fault) {
    if (!(fault instanceof MemoryFault) || fault.cause) throw fault
    return fault.reason
  }
})
const right = [0, 1, 2, 3].map((index) => bytes[index * page] === filled(readOnly.start + BigInt(index * page)))
console.log(JSON.stringify({ reasons, right, served: await stopServer(server) }))

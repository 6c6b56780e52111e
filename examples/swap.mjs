// Works on 64 MiB in 16 MiB of RAM: the rest is in a file, and comes back as it is touched.
import { mapMut, openSwap } from 'vmarea'
import { fileStore } from 'vmarea/stores'

const MiB = 2 ** 20
const memory = mapMut({ length: 64 * MiB })
const swap = await openSwap(memory, { store: fileStore(), residentLimit: 16 * MiB })

const words = new Uint32Array(memory.view(0, memory.size).buffer, 0, memory.size / 4)
for (let at = 0; at < words.length; at += 1024) words.fill(at, at, at + 1024)

let wrong = 0
for (let at = 0; at < words.length; at += 1024) if (words[at] !== at || words[at + 1023] !== at) wrong++
console.log(wrong, 'pages are wrong') // 0 pages are wrong

const { residentPages, stagingPages, swapPages, faults } = swap.statistics
const inMemory = ((residentPages + stagingPages) * 4096) / MiB
console.log(inMemory <= 18 ? 'at most 18 MiB are in RAM' : `${inMemory} MiB are in RAM`) // at most 18 MiB are in RAM
console.log(swapPages > 10_000 ? 'the rest is in the file' : `${swapPages} pages are in the file`) // the rest is in the file
console.log(faults, 'faults were served')
await swap.exit()
memory.unmap()

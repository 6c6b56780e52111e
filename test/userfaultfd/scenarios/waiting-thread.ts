// What /proc shows of a thread that waits in a fault, without the two files that name the place.
import { readdirSync, readFileSync } from 'node:fs'
import { waitsInFault } from '#vmarea/linux/userfaultfd/waits-in-fault.js'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { until } from '../../support/until.js'
import { kernel, page } from '../memory.js'

const folder = '/proc/self/task'
using uffd = bindUserfaultfd(() => kernel).create()
const mapping = thisProcess().mapMut({ length: page })
uffd.register(mapping.start, page)
const read = mapping.readAsync(0, new Uint8Array(1))
const threads = await until('a thread waits', () => {
  const waiting = readdirSync(folder).filter((thread) => waitsInFault(`${folder}/${thread}`))
  return waiting.length > 0 && waiting
})
const copies = threads.map((thread) => {
  const text = (name: string) => readFileSync(`${folder}/${thread}/${name}`, 'latin1')
  return { status: text('status'), syscall: text('syscall') }
})
uffd.zero(mapping.start, page)
await read
mapping.unmap()
console.log(JSON.stringify({ copies }))

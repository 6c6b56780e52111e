import { openSync, readSync } from 'node:fs'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { kernel, page } from '../memory.js'

const uffd = bindUserfaultfd(() => kernel).create({ userModeOnly: true })
const mapping = thisProcess().mapMut({ length: page })
uffd.register(mapping.start, page)
let code = 'none'
try {
  readSync(openSync('/dev/zero', 'r'), mapping.bytes)
} catch (error) {
  code = (error as NodeJS.ErrnoException).code!
}
console.log(JSON.stringify({ code }))

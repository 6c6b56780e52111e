import { thisProcess } from '../../this-process.js'
import { hex } from '../../vocabulary/hex.js'
import type { Stop } from './stop.js'

export const mapTheFile: Stop = {
  title: 'Map a file',
  explanation: `Mapping gives a file a place among the addresses of this process. Nothing is read: each page (mostly 4096 bytes) is read when the
    program touches it for the first time.`,
  show(context) {
    const mapping = thisProcess().map({ file: context.file })
    context.mapping = mapping
    const pages = Math.ceil(mapping.size / thisProcess().pageSize)
    return [
      `map({ file: '${context.file}' })`,
      `${mapping.size.toLocaleString('en')} bytes, ${pages.toLocaleString('en')} pages, at ${hex(mapping.start)}: nothing was read yet`,
    ]
  },
}

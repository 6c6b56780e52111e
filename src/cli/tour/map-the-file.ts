import { thisProcess } from '../../this-process.js'
import { hex } from '../../vocabulary/hex.js'
import type { Stop } from './stop.js'

export const mapTheFile: Stop = {
  title: 'Map a file',
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

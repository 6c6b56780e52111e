import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { thisProcess } from '../../this-process.js'
import { expect } from './expect.js'
import type { Stop } from './stop.js'
import { faultOf } from './touch-wrongly.js'

export const surviveACut: Stop = {
  title: 'Cut a mapped file short',
  explanation: `Another program can shorten a file that is mapped. What lies past the new end can not be read any more: in C, SIGBUS ends the process.
    This is the most common crash of programs that map files.`,
  show({ file }) {
    const folder = mkdtempSync(join(tmpdir(), 'vmarea-tour-'))
    try {
      const copy = join(folder, basename(file))
      copyFileSync(file, copy)
      using mapping = thisProcess().map({ file: copy })
      const kept = Math.floor(statSync(copy).size / 2)
      truncateSync(copy, kept)
      const sum = () => mapping.access((bytes) => bytes.reduce((sum, byte) => sum + byte, 0))
      const fault = faultOf(sum)
      const contained = mapping.faults
      const head = mapping.access((bytes) => bytes.reduce((sum, byte) => sum + byte, 0), 0, kept)
      expect(fault.offset >= kept, 'the fault to lie in what was cut off')
      return [
        `a copy of ${mapping.size.toLocaleString('en')} bytes was mapped and then truncated to ${kept.toLocaleString('en')}`,
        `summing all of it threw: ${fault.message}`,
        `${contained.toLocaleString('en')} pages past the end were covered and put back; what the file still has sums to ${head.toLocaleString('en')}`,
      ]
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

import { expect } from './expect.js'
import type { Stop } from './stop.js'

export const unmapIt: Stop = {
  title: 'Give the memory back',
  explanation: `unmap() gives the addresses back at once, and empties every view of them. Without it they go when handle and views are collected.`,
  show({ mapping }) {
    expect(mapping !== undefined, 'a mapping to unmap')
    const { bytes } = mapping
    mapping.unmap()
    expect(bytes.length === 0, `the view to be empty, and it has ${bytes.length} bytes`)
    return [
      `after unmap() the view has length ${bytes.length}: an old view never shows memory that belongs to something else by now`,
    ]
  },
}

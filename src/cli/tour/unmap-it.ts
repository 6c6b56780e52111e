import { expect } from './expect.js'
import type { Stop } from './stop.js'

export const unmapIt: Stop = {
  title: 'Give the memory back',
  show({ mapping }) {
    expect(mapping !== undefined, 'a mapping to unmap')
    const { bytes } = mapping
    mapping.unmap()
    expect(bytes.length === 0, `the view to be empty, and it has ${bytes.length} bytes`)
    return [`after unmap() the view has length ${bytes.length}: a stale view never reaches somebody else's memory`]
  },
}

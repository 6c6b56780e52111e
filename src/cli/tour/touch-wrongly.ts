import { MemoryFault } from '../../vocabulary/memory-fault.js'
import { expect } from './expect.js'
import type { Stop } from './stop.js'

export const touchWrongly: Stop = {
  title: 'Write to memory that is read-only',
  explanation: `The mapping may only be read. In a program in C, a write to it ends the process with SIGSEGV. Here the access is contained, and an error
    with the address and the reason is thrown.`,
  show({ mapping }) {
    expect(mapping !== undefined, 'a mapping to write to')
    const before = mapping.read(0, new Uint8Array(1))[0]
    const fault = faultOf(() =>
      mapping.access((bytes) => {
        ;(bytes as unknown as Uint8Array)[0] = 0xff
      }),
    )
    const after = mapping.read(0, new Uint8Array(1))[0]
    expect(before === after, `the byte to be ${before} still, and it is ${after}`)
    return [
      `access() threw: ${fault.message}`,
      `the process lives, the byte is still 0x${after?.toString(16).padStart(2, '0')}, and ${mapping.faults} fault was contained`,
    ]
  },
}

export function faultOf(act: () => unknown): MemoryFault {
  try {
    act()
  } catch (error) {
    if (error instanceof MemoryFault) return error
    throw error
  }
  throw new Error('expected a MemoryFault')
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SystemCalls } from '#vmarea/kernel/system-calls.js'
import { Machine } from '#vmarea/model.js'
import { thisProcess } from '#vmarea/this-process.js'
import { whyNotComparable } from '../differential/why-not-comparable.js'

const taskSize = 2n ** 47n - 4096n
const all = 2n ** 64n
const addresses = [
  taskSize,
  taskSize + 1n,
  2n ** 47n,
  2n ** 53n,
  2n ** 53n + 4095n,
  2n ** 63n,
  all - 8192n,
  all - 4096n,
  all - 4095n,
  all - 1n,
]
const lengths = [0, 1, 4095, 4096, 4097, 8192, 3 * 4096, 2 ** 47, Number.MAX_SAFE_INTEGER]
const calls: Record<string, (calls: SystemCalls, address: bigint, length: number) => unknown> = {
  munmap: (calls, address, length) => calls.munmap(address, length),
  mprotect: (calls, address, length) => calls.mprotect(address, length, 1),
  madvise: (calls, address, length) => calls.madvise(address, length, 4),
  msync: (calls, address, length) => calls.msync(address, length, 4),
  mlock: (calls, address, length) => calls.mlock(address, length),
  mlock2: (calls, address, length) => calls.mlock2(address, length, 1),
  munlock: (calls, address, length) => calls.munlock(address, length),
  // A vector that is too short is refused before the kernel is asked.
  mincore: (calls, address, length) => length < 1 << 20 && calls.mincore(address, length, new Uint8Array(256)),
  mseal: (calls, address, length) => calls.mseal(address, length, 0),
  mremap: (calls, address, length) => calls.mremap(address, length, 4096, 1),
  'mmap at it': (calls, address, length) => calls.mmap(address, length, 0, 2 | 16 | 32, -1, 0),
}

/** What a call comes to: its error's code, or what it returns. */
function outcome(act: () => unknown): string {
  try {
    const result = act()
    return typeof result === 'bigint' ? `0x${result.toString(16)}` : 'done'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

test('a call on addresses that no program has is refused as the running kernel refuses it', {
  skip: whyNotComparable(),
}, () => {
  const model = new Machine({ mmapMinAddress: 4096 }).spawn({ capabilities: ['CAP_IPC_LOCK', 'CAP_SYS_RAWIO'] })
  for (const [name, call] of Object.entries(calls)) {
    for (const address of addresses) {
      for (const length of lengths) {
        const [here, there] = [thisProcess().kernel.calls, model.kernel.calls].map((calls) =>
          outcome(() => call(calls, address, length)),
        )
        assert.equal(there, here, `${name} of ${length} bytes at 0x${address.toString(16)}: the kernel says ${here}`)
      }
    }
  }
})

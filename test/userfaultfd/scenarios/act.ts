// A Worker that does one thing to memory when it is told, and may be made to wait in it.
import { parentPort } from 'node:worker_threads'
import { addon } from '#vmarea/linux/addon/addon.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MREMAP } from '#vmarea/vocabulary/mremap.js'
import { kernel, page } from '../own-kernel.js'
import { peek } from '../peek.js'

export type Act =
  | { do: 'touch'; address: bigint }
  | { do: 'advise'; address: bigint; length: number; advice: number }
  | { do: 'unmap'; address: bigint; length: number }
  | { do: 'move'; address: bigint; length: number; to: bigint }

parentPort!.on('message', (act: Act) => {
  parentPort!.postMessage(perform(act))
})
parentPort!.postMessage(addon().threadId())

function perform(act: Act): unknown {
  switch (act.do) {
    case 'touch':
      // As an access would: waits for the answer, but a page that can't be had is an error and no signal.
      try {
        kernel.calls.madvise(act.address & -BigInt(page), page, MADV.POPULATE_READ)
        return peek(act.address)[0] ?? 'fault'
      } catch {
        return 'fault'
      }
    case 'advise':
      return kernel.calls.madvise(act.address, act.length, act.advice)
    case 'unmap':
      return kernel.calls.munmap(act.address, act.length)
    case 'move':
      return kernel.calls.mremap(act.address, act.length, act.length, MREMAP.MAYMOVE | MREMAP.FIXED, act.to)
  }
}

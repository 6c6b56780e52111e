import { parentPort, workerData } from 'node:worker_threads'
import { mapMut, thisProcess } from '#vmarea/index.js'

/** What a thread of the lock's tests does, and tells. */
const { role, until } = workerData as { role: 'change' | 'read' | 'hold' | 'one-change'; until: SharedArrayBuffer }
const stop = new Int32Array(until)

switch (role) {
  case 'change': {
    let changes = 0
    parentPort!.postMessage('ready')
    while (Atomics.load(stop, 0) === 0) {
      const mapping = mapMut({ length: 64 * 4096 })
      const rest = mapping.splitOff(4096)
      rest.unmap()
      mapping.unmap()
      changes++
    }
    parentPort!.postMessage(changes)
    break
  }
  case 'read': {
    const mapping = mapMut({ length: 16 * 4096 })
    const user = thisProcess().mm.mmgetNotZero()!
    let reads = 0
    parentPort!.postMessage('ready')
    while (Atomics.load(stop, 0) === 0) {
      using guard = user.mmapReadLock()
      const vma = guard.vmaLookup(mapping.start)
      if (vma === undefined || vma.start > mapping.start || vma.end < mapping.end) throw new Error(`lost: ${vma}`)
      let last = 0n
      for (const { start, end } of guard.areas({ from: mapping.start, to: mapping.end })) {
        if (start < last || end <= start) throw new Error('out of order')
        last = end
      }
      reads++
    }
    parentPort!.postMessage(reads)
    break
  }
  case 'hold': {
    const guard = thisProcess().mm.mmgetNotZero()!.mmapReadLock()
    thisProcess().mm.mmgetNotZero()!.mmapReadLock()
    parentPort!.postMessage(guard.held)
    Atomics.wait(stop, 0, 0)
    break
  }
  case 'one-change': {
    parentPort!.postMessage('ready')
    const mapping = mapMut({ length: 4096 })
    parentPort!.postMessage('changed')
    mapping.unmap()
    break
  }
}

import { parentPort, workerData } from 'node:worker_threads'
import { mapMut, pageSize, thisProcess } from '#vmarea/index.js'

const page = pageSize()

/** What a thread of the lock's tests does, and tells. */
const { role, until, rounds } = workerData as {
  role: 'change' | 'read' | 'hold' | 'one-change' | 'try-read'
  until: SharedArrayBuffer
  rounds: SharedArrayBuffer
}
const stop = new Int32Array(until)
/** How many rounds this thread has done. */
const done = new Int32Array(rounds)

switch (role) {
  case 'change': {
    parentPort!.postMessage('ready')
    while (Atomics.load(stop, 0) === 0) {
      const mapping = mapMut({ length: 64 * page })
      const rest = mapping.splitOff(page)
      rest.unmap()
      mapping.unmap()
      Atomics.add(done, 0, 1)
    }
    break
  }
  case 'read': {
    const mapping = mapMut({ length: 16 * page })
    const user = thisProcess().mm.mmgetNotZero()!
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
      Atomics.add(done, 0, 1)
    }
    break
  }
  case 'hold': {
    const guard = thisProcess().mm.mmgetNotZero()!.mmapReadLock()
    thisProcess().mm.mmgetNotZero()!.mmapReadLock()
    parentPort!.postMessage(guard.held)
    Atomics.wait(stop, 0, 0)
    break
  }
  case 'try-read': {
    const user = thisProcess().mm.mmgetNotZero()!
    parentPort!.postMessage('ready')
    for (;;) {
      const guard = user.mmapReadTrylock()
      if (guard === undefined) break
      guard.release()
    }
    parentPort!.postMessage('held off')
    break
  }
  case 'one-change': {
    parentPort!.postMessage('ready')
    const mapping = mapMut({ length: page })
    parentPort!.postMessage('changed')
    mapping.unmap()
    break
  }
}

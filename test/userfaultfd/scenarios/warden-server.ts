// A Worker that serves a shared memory file and fails to, in one of several ways, at its first fault.
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { kernel, page } from '../own-kernel.js'

export type Ending = 'serve' | 'mute' | 'late' | 'throw' | 'exit' | 'loop' | 'end-of-pause'

export interface WardenServerData {
  readonly descriptor: number
  /** The memory file, and where the program has mapped it. */
  readonly file: number
  readonly start: number
  readonly ending: Ending
  readonly keepWaiting: boolean
  /** What lets a loop end. */
  readonly bell: Int32Array
}

const { descriptor, file, start, ending, keepWaiting, bell } = workerData as WardenServerData
const raw = kernel.userfaultfds.adoptUserfaultfd(descriptor)
if (keepWaiting) raw.keepWaiting!()
const messages = new UffdMessages(16)
let held = 0

// A read that finds nothing says that somebody serves.
raw.read(messages.bytes)
const timer = setInterval(serve, 1)
parentPort!.on('message', (message: 'answer' | 'stop') => {
  if (message === 'stop') {
    clearInterval(timer)
    parentPort!.close()
  } else {
    parentPort!.postMessage({ code: answer(held) })
  }
})
parentPort!.postMessage('ready')

function serve(): void {
  const bytes = raw.read(messages.bytes)
  for (let index = 0; index < bytes / 32; index++) {
    const address = messages.address(index, page)
    switch (ending) {
      case 'serve':
        answer(address)
        break
      case 'throw':
        throw new Error('the driver failed')
      case 'exit':
        process.exit(1)
        break
      case 'loop':
        while (Atomics.load(bell, 0) === 0);
        break
      case 'end-of-pause':
        pause()
        answer(address)
        break
      default:
        held = address
    }
  }
}

/** Fills the page as byte n + 1 for page n of the file, and shows it. */
function answer(address: number): number {
  const offset = address - start
  writeSync(file, new Uint8Array(page).fill(offset / page + 1), 0, page, offset)
  const code = raw.continue(address, page, 0)
  if (code !== 0) raw.wake(address, page)
  return code
}

/** Until the process has been stopped for a while and goes on. */
function pause(): void {
  let before = performance.now()
  writeSync(1, 'read\n')
  for (;;) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    const now = performance.now()
    if (now - before > 1000) return
    before = now
  }
}

// A Worker that serves faults as drivers do: each answer is asynchronous, and needs libuv's pool.
import { promisify } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { gunzip, gzipSync } from 'node:zlib'
import { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { kernel, page } from '../own-kernel.js'

export interface PoolServerData {
  readonly descriptor: number
  readonly start: number
  /** Answers none before it has so many faults in hand. */
  readonly together: number
}

const { descriptor, start, together } = workerData as PoolServerData
const raw = kernel.userfaultfds.adoptUserfaultfd(descriptor)
const messages = new UffdMessages(64)
const held = new Set<number>()
let most = 0
setInterval(serve, 1)
parentPort!.on('message', () => parentPort!.postMessage({ most }))
parentPort!.postMessage('ready')

function serve(): void {
  const bytes = raw.read(messages.bytes)
  for (let index = 0; index < bytes / 32; index++) held.add(messages.address(index, page))
  most = Math.max(most, held.size)
  if (held.size < together) return
  for (const address of held) void answer(address)
  held.clear()
}

async function answer(address: number): Promise<void> {
  const content = new Uint8Array(page).fill(((address - start) / page) % 251)
  raw.copy(address, await promisify(gunzip)(gzipSync(content)), page, 0)
}

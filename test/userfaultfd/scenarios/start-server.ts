import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Userfaultfd } from '#vmarea/userfaultfd/userfaultfd.js'
import { page } from '../memory.js'
import type { ServerData } from './server.js'

/** Starts a Worker that serves a clone of the userfaultfd, and waits until it reads. */
export async function startServer(uffd: Userfaultfd, options: Omit<ServerData, 'descriptor'> = {}): Promise<Worker> {
  const descriptor = uffd.tryClone().intoRawDescriptor()
  const worker = new Worker(new URL('./server.js', import.meta.url), { workerData: { ...options, descriptor } })
  await once(worker, 'message')
  return worker
}

/** Asks it to end by itself, and returns how many faults it served. */
export async function stopServer(worker: Worker): Promise<number> {
  const [answer, exit] = [once(worker, 'message'), once(worker, 'exit')]
  worker.postMessage('stop')
  const [{ served }] = (await answer) as [{ served: number }]
  await exit
  return served
}

/** What the server puts into the page of an address. */
export function filled(address: bigint): number {
  return Number((address / BigInt(page)) % 251n) + 1
}

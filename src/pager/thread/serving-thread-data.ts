import type { MessagePort } from 'node:worker_threads'

/** What every serving thread begins with. */
export interface ServingThreadData {
  /** How long an access waits at most, whatever the thread does, in milliseconds. */
  readonly deadline: number
  readonly state: SharedArrayBuffer
  readonly port: MessagePort
}

import type { MessagePort } from 'node:worker_threads'

/** The start data of every serving thread. */
export interface ServingThreadData {
  /** The longest wait of an access, even if the thread hangs, in milliseconds. */
  readonly deadline: number
  readonly state: SharedArrayBuffer
  readonly port: MessagePort
}

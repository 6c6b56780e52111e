import { readdirSync } from 'node:fs'
import { procText } from './proc-text.js'
import { waitsInFault } from './waits-in-fault.js'

/** A thread that waits in a userfaultfd's fault. */
export interface WaitingThread {
  readonly threadId: number
  readonly name: string
  /** Milliseconds since it was first seen in this wait. */
  readonly seenFor: number
}

// For each thread, its number of context switches, which is constant while it waits, and when that number was first seen.
const seen = new Map<number, { switches: string; since: number }>()

/** The threads of a process that wait in a fault, whichever userfaultfd it is for. Empty where /proc does not show it. */
export function waitingThreads(pid: number): WaitingThread[] {
  const folder = `/proc/${pid}/task`
  const now = performance.now()
  const waiting: WaitingThread[] = []
  for (const entry of list(folder)) {
    const threadId = Number(entry)
    if (!waitsInFault(`${folder}/${entry}`)) {
      seen.delete(threadId)
      continue
    }
    const switches = /^voluntary_ctxt_switches:\s+(\d+)/m.exec(procText(`${folder}/${entry}/status`))?.[1] ?? ''
    const before = seen.get(threadId)
    const record = before?.switches === switches ? before : { switches, since: now }
    seen.set(threadId, record)
    waiting.push({ threadId, name: procText(`${folder}/${entry}/comm`).trimEnd(), seenFor: now - record.since })
  }
  return waiting
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

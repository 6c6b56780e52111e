import { useEffect, useState } from 'preact/hooks'
import type { KernelRun } from '../../play/kernel-moment.js'

/** How long after the last edit a program is run, in milliseconds. */
const AFTER_EDIT = 300

/** The program on the running kernel, `asking` until it has run; `undefined` where the server runs none. */
export function useKernel(text: string, isOffered: boolean): KernelRun | 'asking' | undefined {
  const [answer, setAnswer] = useState<{ text: string; run: KernelRun } | undefined>(undefined)
  useEffect(() => {
    if (!isOffered) return
    const stop = new AbortController()
    const timer = setTimeout(() => {
      ask(text, stop.signal).then(
        (run) => setAnswer({ text, run }),
        (error: Error) => {
          if (!stop.signal.aborted) setAnswer({ text, run: { moments: [], ended: error.message } })
        },
      )
    }, AFTER_EDIT)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [text, isOffered])
  if (!isOffered) return undefined
  return answer?.text === text ? answer.run : 'asking'
}

async function ask(text: string, signal: AbortSignal): Promise<KernelRun> {
  const response = await fetch('/kernel', { method: 'POST', body: text, signal })
  if (!response.ok) throw new Error((await response.text()).trim())
  return await response.json()
}

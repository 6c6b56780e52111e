import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Lets work end in order when the command is interrupted, and then ends the command by that very signal. */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController()
  let interruptedBy: NodeJS.Signals | undefined
  const interrupt = (name: NodeJS.Signals) => {
    interruptedBy = name
    controller.abort(new CommandError('interrupted', EXIT.FAILED))
  }
  for (const name of SIGNALS) process.on(name, interrupt)
  try {
    return await work(controller.signal)
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt)
    if (interruptedBy !== undefined) process.kill(process.pid, interruptedBy)
  }
}

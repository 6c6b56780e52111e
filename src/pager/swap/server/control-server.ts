import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SwapCommand } from '../../../kernel/swap/swap-state.js'
import type { SwapStatus } from '../../../kernel/swap/swap-status.js'
import { addon } from '../../../linux/addon/addon.js'
import { nextConnection } from '../../../linux/sockets/next-connection.js'
import { nearest } from '../../../vocabulary/nearest.js'
import { UsageError } from '../../../vocabulary/usage-error.js'
import { crosvmStatus } from './crosvm-status.js'

/** The longest line that is read, in characters. */
const LONGEST = 1024

/** Milliseconds from a failed accept(2) to the next. */
const RETRY = 1000

const COMMANDS: readonly string[] = ['enable', 'trim', 'out', 'disable', 'status'] satisfies (SwapCommand | 'status')[]

export interface ControlServerParts {
  /** The descriptor of a listening socket, which stays the program's. */
  readonly listener: number
  readonly path: string
  command(command: SwapCommand): Promise<void>
  status(): SwapStatus
}

/**
 * Answers at the control socket of a swap, on the thread that serves it: the program itself may be busy. A connection sends lines such as
 * `{"command":"out"}`. Each is answered with one line when the command has come to its end: the status as crosvm prints it, or
 * `{"error":{"code":…,"message":…}}`. A command goes on when its connection ends.
 */
export class ControlServer {
  readonly #parts: ControlServerParts
  readonly #closing = new AbortController()
  readonly #connections = new Set<Socket>()

  constructor(parts: ControlServerParts) {
    this.#parts = parts
  }

  async accept(): Promise<void> {
    const { listener, path } = this.#parts
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const descriptor = await nextConnection(listener, path, signal)
        if (descriptor !== undefined) this.#open(descriptor)
      } catch {
        // The process has no free descriptor at the moment.
        await sleep(RETRY, undefined, { signal }).catch(() => {})
      }
    }
  }

  close(): void {
    this.#closing.abort()
    for (const connection of this.#connections) connection.destroy()
  }

  #open(descriptor: number): void {
    const user = addon().socketPeerUser(descriptor)
    const socket = new Socket({ fd: descriptor })
    if (user !== 0 && user !== process.getuid!()) {
      socket.destroy()
      return
    }
    this.#connections.add(socket)
    socket.on('error', () => {}).on('close', () => this.#connections.delete(socket))
    let text = ''
    let answered = Promise.resolve()
    socket.setEncoding('utf8')
    socket.on('data', (part: string) => {
      const lines = (text + part).split('\n')
      text = lines.pop()!
      for (const line of lines) {
        // In the order in which they came, except that `disable` and `enable` may end the one before them.
        const answer = this.#answer(line)
        answered = answered.then(async () => void socket.write(`${JSON.stringify(await answer)}\n`))
      }
      if (text.length <= LONGEST) return
      const error = refusal(new UsageError('ERR_VMAREA_BAD_MESSAGE', `a line of more than ${LONGEST} characters came`))
      answered.then(() => socket.end(`${JSON.stringify(error)}\n`))
      socket.removeAllListeners('data')
    })
  }

  async #answer(line: string): Promise<object> {
    try {
      const command = commandIn(line)
      if (command !== 'status') await this.#parts.command(command)
      return crosvmStatus(this.#parts.status())
    } catch (error) {
      return refusal(error as Error)
    }
  }
}

function commandIn(line: string): SwapCommand | 'status' {
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch {
    throw new UsageError('ERR_VMAREA_BAD_MESSAGE', `${JSON.stringify(line)} is no JSON: send {"command":"status"}`)
  }
  const command = (message as { command?: unknown } | null)?.command
  if (typeof command === 'string' && COMMANDS.includes(command)) return command as SwapCommand | 'status'
  const guess = typeof command === 'string' ? nearest(command, COMMANDS) : undefined
  throw new UsageError(
    'ERR_VMAREA_BAD_MESSAGE',
    `there is no command ${JSON.stringify(command)}${guess === undefined ? '' : `, did you mean ${guess}?`} (${COMMANDS.join(', ')})`,
  )
}

function refusal(error: Error & { readonly code?: string }): object {
  return { error: { code: error.code, message: error.message } }
}

import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { socketConnection } from '../linux/sockets/socket-connection.js'
import { nearest } from '../vocabulary/nearest.js'
import { VmError } from '../vocabulary/vm-error.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'

const COMMANDS: readonly string[] = ['enable', 'trim', 'out', 'disable', 'status']

/** In so many milliseconds a thread that serves answers what it knows. */
const AT_ONCE = 10_000

interface Refusal {
  readonly code?: string
  readonly message: string
}

/** `vmarea swap`. Resolves to the exit code, once the command has come to its end. */
export async function swap(operands: readonly string[]): Promise<number> {
  const [command, path] = operands
  if (command === undefined || path === undefined || operands.length > 2) {
    throw new CommandError('swap requires a command and the path of a control socket: vmarea swap status PATH')
  }
  if (!COMMANDS.includes(command)) {
    const guess = nearest(command, COMMANDS)
    throw new CommandError(
      `there is no command ${JSON.stringify(command)}${guess === undefined ? '' : `, did you mean ${guess}?`} (${COMMANDS.join(', ')})`,
    )
  }
  const socket = await connected(path)
  try {
    const lines = createInterface(socket)[Symbol.asyncIterator]()
    const ask = async (what: string) => {
      socket.write(`${JSON.stringify({ command: what })}\n`)
      const { done, value } = await lines.next()
      if (done) throw new CommandError(`the connection to ${path} ended without an answer`, EXIT.FAILED)
      return value as string
    }
    // A thread that hangs would keep the command for ever.
    const late = setTimeout(() => {
      socket.destroy(
        new Error(`no answer within ${AT_ONCE / 1000} s: the thread that serves the swap has ended or hangs`),
      )
    }, AT_ONCE)
    const failed = new Promise<never>((_resolve, reject) => socket.on('error', reject))
    const status = await Promise.race([ask('status'), failed]).finally(() => clearTimeout(late))
    const answer = command === 'status' ? status : await Promise.race([ask(command), failed])
    const { error } = JSON.parse(answer) as { readonly error?: Refusal }
    if (error !== undefined) throw new CommandError(error.message, EXIT.FAILED)
    process.stdout.write(`${answer}\n`)
    return EXIT.OK
  } finally {
    socket.destroy()
  }
}

async function connected(path: string): Promise<Socket> {
  try {
    return new Socket({ fd: await socketConnection(path, false, undefined) })
  } catch (error) {
    if (error instanceof VmError && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')) {
      throw new CommandError(
        `no program listens at ${path} (${error.code}): see the option control of openSwap`,
        EXIT.FAILED,
      )
    }
    throw error
  }
}

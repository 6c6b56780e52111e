import { ERRNO, type ErrnoName } from './errno.js'
import { errnoName } from './errno-name.js'
import { hex } from './hex.js'

/** What a {@link VmError} can hold beside the error number. */
export interface VmErrorDetail {
  /** The address that the call was about. */
  readonly address?: bigint
  /** The length in bytes that the call was about. */
  readonly length?: number
  /** The path that the call was about. */
  readonly path?: string
  /** Bytes that were done before the failure, for calls that can end half-way. */
  readonly done?: number
  /** A sentence on the reason and what would help. It ends the message. */
  readonly hint?: string
  readonly cause?: unknown
}

/**
 * A failing system call, in the shape of Node's own system errors: `code` (`'ENOMEM'`), negative `errno`, `syscall`.
 *
 * The modelled kernel throws the same errors as the real one.
 */
export class VmError extends Error {
  /** Always `'VmError'`. */
  override readonly name: string = 'VmError'
  /** The name of the error, such as `'ENOMEM'`. */
  readonly code: string
  /** The error number, negative as in Node's system errors. */
  readonly errno: number
  /** The system call that failed, as its man page names it. */
  readonly syscall: string
  /** The address that the call was about. */
  declare readonly address?: bigint
  /** The length in bytes that the call was about. */
  declare readonly length?: number
  /** The path that the call was about. */
  declare readonly path?: string
  /** Bytes that were done before the failure, for calls that can end half-way. */
  declare readonly done?: number

  /**
   * @param error the error's name, or its number, positive or negative
   * @param syscall the call that failed
   */
  constructor(error: ErrnoName | number, syscall: string, detail: VmErrorDetail = {}) {
    const number = typeof error === 'string' ? ERRNO[error][0] : Math.abs(error)
    const code = errnoName(number)
    super(sentence(code, syscall, detail), 'cause' in detail ? { cause: detail.cause } : undefined)
    this.code = code
    this.errno = -number
    this.syscall = syscall
    if (detail.address !== undefined) this.address = detail.address
    if (detail.length !== undefined) this.length = detail.length
    if (detail.path !== undefined) this.path = detail.path
    if (detail.done !== undefined) this.done = detail.done
  }

  /** The fields for `JSON.stringify`: `name`, `message` and the properties, an address as a hexadecimal string. JSON has no bigint. */
  toJSON(): Record<string, unknown> {
    const { name, message, address } = this
    return { ...(this as object), name, message, ...(address === undefined ? {} : { address: hex(address) }) }
  }

  /**
   * @internal The same failure with a sentence on why it happened, and the error itself as the cause. `length` is the length that the call
   * was about, for an error without one.
   */
  static withHint(error: VmError, hint: string, length?: number): VmError {
    const { address, path, done } = error
    const bytes = error.length ?? length
    return new VmError(error.errno, error.syscall, {
      ...(address === undefined ? {} : { address }),
      ...(bytes === undefined ? {} : { length: bytes }),
      ...(path === undefined ? {} : { path }),
      ...(done === undefined ? {} : { done }),
      hint,
      cause: error,
    })
  }
}

function sentence(code: string, syscall: string, { address, length, path, done, hint }: VmErrorDetail): string {
  const text = ERRNO[code as ErrnoName]?.[1] ?? 'unknown error'
  let message = `${code}: ${text}, ${syscall}`
  if (path !== undefined) message += ` '${path}'`
  if (address !== undefined) message += ` ${hex(address)}`
  if (length !== undefined) message += ` (${length} bytes)`
  if (done !== undefined) message += `, ${done} bytes done`
  return hint === undefined ? message : `${message}: ${hint}`
}

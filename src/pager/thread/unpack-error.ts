import { hookErrors } from '../../kernel/errors/hook-errors.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { UsageErrorCode } from '../../vocabulary/usage-error-code.js'
import { VmError, type VmErrorDetail } from '../../vocabulary/vm-error.js'
import type { ErrorMessage } from './error-message.js'

const standard: Record<string, ErrorConstructor> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

/** The error that another thread packed, with all its properties, and of the same class where this module knows the class. */
export function unpackError(message: ErrorMessage): unknown {
  if (message.kind === 'other') return message.properties.value
  const error = create(message)
  const hidden = { configurable: true, writable: true, enumerable: false }
  Object.defineProperty(error, 'message', { ...hidden, value: message.message })
  if (message.stack !== undefined) Object.defineProperty(error, 'stack', { ...hidden, value: message.stack })
  if (error.name !== message.name) Object.defineProperty(error, 'name', { ...hidden, value: message.name })
  Object.assign(error, message.properties)
  if (message.hook) hookErrors.add(error)
  return error
}

function create({ kind, name, message, properties, cause }: ErrorMessage): Error {
  const detail = cause === undefined ? {} : { cause: unpackError(cause) }
  if (kind === 'VmError')
    return new VmError(Number(properties.errno), String(properties.syscall), detail as VmErrorDetail)
  if (kind === 'UsageError') return new UsageError(properties.code as UsageErrorCode, message, detail)
  return new (standard[name] ?? Error)(message, detail)
}

import { hookErrors } from '../../kernel/errors/hook-errors.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { ErrorMessage } from './error-message.js'

/** The longest chain of causes that is followed: a longer one is circular or unreadable. */
const MOST_CAUSES = 8

/** Makes a message of any thrown value. Never throws, even if the error's getters do. */
export function packError(error: unknown, depth = 0): ErrorMessage {
  if (!(error instanceof Error)) {
    const value = copyOf(error)
    const text = value === undefined && error !== undefined ? describe(error) : ''
    return {
      kind: 'other',
      name: '',
      message: text,
      stack: undefined,
      hook: false,
      properties: text === '' ? { value } : { value: text },
      cause: undefined,
    }
  }
  const properties: Record<string, unknown> = {}
  for (const key of ownKeys(error)) {
    if (key === 'message' || key === 'stack' || key === 'cause' || key === 'name') continue
    const value = copyOf(read(error, key))
    if (value !== undefined) properties[key] = value
  }
  const cause = read(error, 'cause')
  return {
    kind: error instanceof VmError ? 'VmError' : error instanceof UsageError ? 'UsageError' : 'error',
    name: textOf(read(error, 'name'), 'Error'),
    message: textOf(read(error, 'message'), ''),
    stack: textOf(read(error, 'stack'), '') || undefined,
    hook: hookErrors.has(error),
    properties,
    cause: cause === undefined || depth === MOST_CAUSES ? undefined : packError(cause, depth + 1),
  }
}

function ownKeys(error: Error): string[] {
  try {
    return Object.keys(error)
  } catch {
    return []
  }
}

function read(error: Error, key: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

function copyOf(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

function describe(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'a value that can not be shown'
  }
}

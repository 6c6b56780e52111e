import type { ErrnoName } from '../errno.js'
import { VmError } from '../vm-error.js'

/**
 * The error of a file call of Node as a `VmError`. Node's permission model refuses with an error without a number: that becomes `EACCES`,
 * with Node's message and the flag that would allow the call. Any other error that is no system error is returned unchanged.
 */
export function fileCallError(error: unknown, syscall: string, path?: string, hint?: string): unknown {
  if (error instanceof VmError || typeof error !== 'object' || error === null) return error
  const { code, errno, message, permission, resource } = error as {
    code?: string
    errno?: number
    message?: string
    permission?: string
    resource?: string
  }
  const detail = { ...(path === undefined ? {} : { path }), cause: error }
  if (code === 'ERR_ACCESS_DENIED') {
    const flag = permission === 'FileSystemWrite' ? '--allow-fs-write' : '--allow-fs-read'
    const what = resource === undefined || resource === '' ? (path ?? 'this') : resource
    return new VmError('EACCES', syscall, {
      ...detail,
      hint: `Node's permission model refuses it (${message}): start node with ${flag}=${what}`,
    })
  }
  if (errno === undefined) return error
  return new VmError(
    (code as ErrnoName | undefined) ?? errno,
    syscall,
    hint === undefined ? detail : { ...detail, hint },
  )
}

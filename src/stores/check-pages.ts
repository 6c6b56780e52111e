import { UsageError } from '../vocabulary/usage-error.js'

/** Throws unless `pages` are numbers of pages, each once, and `bytes`, where given, has room for exactly so many. */
export function checkPages(pages: readonly number[], pageSize: number, bytes?: Uint8Array): void {
  for (const page of pages) {
    if (Number.isSafeInteger(page) && page >= 0) continue
    throw invalid(`the number of a page is an integer from 0 to 2^53 - 1, and this is ${String(page)}`)
  }
  if (bytes === undefined || bytes.length === pages.length * pageSize) return
  throw invalid(
    `${pages.length} pages of ${pageSize} bytes are ${pages.length * pageSize} bytes, and the buffer has ${bytes.length}`,
  )
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}

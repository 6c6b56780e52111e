import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file of `size` bytes that has just been written, and so is in the page cache. Gone with `remove()`. */
export function pageCacheFile(size) {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-'))
  const path = join(folder, 'file')
  const chunk = new Uint8Array(16 << 20)
  for (let index = 0; index < chunk.length; index++) chunk[index] = index * 31
  const descriptor = openSync(path, 'w')
  for (let written = 0; written < size; written += chunk.length)
    writeSync(descriptor, chunk, 0, Math.min(chunk.length, size - written))
  closeSync(descriptor)
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}

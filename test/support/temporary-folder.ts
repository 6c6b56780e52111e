import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** A folder that goes when this file's tests are done. */
export const temporaryFolder = mkdtempSync(join(tmpdir(), 'vmarea-test-'))
after(() => rmSync(temporaryFolder, { recursive: true, force: true }))

let count = 0

/** A new file with these bytes, or as many bytes as said: byte n of them is n % 251. Returns its path. */
export function temporaryFile(content: Uint8Array | string | number = 0): string {
  const path = join(temporaryFolder, `file-${count++}`)
  writeFileSync(path, typeof content === 'number' ? pattern(content) : content)
  return path
}

export function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < Math.min(251, length); index++) bytes[index] = index
  for (let filled = 251; filled < length; filled *= 2) bytes.copyWithin(filled, 0, filled)
  return bytes
}

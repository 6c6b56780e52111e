import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Opens an address in the user's browser. The address holds a secret, and other users see the arguments of a process: the browser is
 * given a file that only this user may read, which leads on. Returns what removes the file.
 */
export function openBrowser(address: string, failed: (reason: string) => void): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-view-'))
  const path = join(folder, 'open.html')
  writeFileSync(
    path,
    `<!doctype html><meta http-equiv="refresh" content="0;url=${address}"><title>vmarea view</title>\n`,
    {
      mode: 0o600,
    },
  )
  const opener = spawn(process.env.BROWSER ?? 'xdg-open', [path], { stdio: 'ignore', detached: true })
  opener.on('error', (error: NodeJS.ErrnoException) =>
    failed(error.code === 'ENOENT' ? 'there is no xdg-open here, and BROWSER names no other program' : error.message),
  )
  opener.on('exit', (code) => {
    if (code !== 0 && code !== null) failed(`it exited with ${code}`)
  })
  opener.unref()
  return () => rmSync(folder, { recursive: true, force: true })
}

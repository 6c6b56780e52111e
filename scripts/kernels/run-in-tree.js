import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Unavailable } from './unavailable.js'

/**
 * Binds what the kernel shows into the tree, in a mount namespace of its own, and runs a command there. The tree is bound to itself, because
 * unshare(1) requires a root that is a mount.
 */
const SCRIPT = `
mount --bind "$0" "$0"
for folder in proc sys dev; do mount --rbind /$folder "$0/$folder"; done
mount -t tmpfs tmpfs "$0/run"
exec chroot "$0" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/usr/sbin HOME=/root VMAREA_TIME_FACTOR="$2" sh -c "$1"
`

/**
 * Runs a command on the running kernel with the files of a tree as its root. Resolves with its exit code. Requires root, or that users may
 * make namespaces.
 *
 * @param {{ tree: string, command: string, timeFactor: number, onLine: (line: string) => void }} options
 * @returns {Promise<number | undefined>}
 */
export function runInTree({ tree, command, timeFactor, onLine }) {
  const user = process.getuid() === 0 ? [] : ['--map-root-user']
  const child = spawn('unshare', [...user, '--mount', 'sh', '-ec', SCRIPT, tree, command, String(timeFactor)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  createInterface({ input: child.stdout }).on('line', onLine)
  return new Promise((resolve, reject) => {
    child.on('error', () => reject(new Unavailable('there is no command unshare: install it')))
    child.on('close', (code) => resolve(code ?? undefined))
  })
}

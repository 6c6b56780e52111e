import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootGuest } from './boot-guest.js'

/**
 * Boots User-mode Linux into a root image and runs a command there, as `runInGuest` does. It requires no KVM, and the guest's programs run on
 * the processor itself. It has one processor, few addresses, no huge pages and no write protection by userfaultfd.
 *
 * @param {object} options
 * @param {string} options.program the kernel
 * @param {string} options.image nothing is written to it
 * @param {string} options.command for the shell
 * @param {number} options.milliseconds
 * @param {(line: string) => void} options.onLine
 */
export async function runInUserMode({ program, image, command, milliseconds, onLine }) {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-user-mode-'))
  const encoded = Buffer.from(command).toString('base64')
  const disk = [`ubd0=${join(folder, 'changes')},${image}`, 'root=/dev/ubda', 'rw', 'init=/guest-init']
  const console = ['con=null', 'con0=null,fd:1', 'con1=null', 'quiet', 'loglevel=1', 'panic=-1']
  const names = [`uml_dir=${folder}`, 'umid=guest', `run64=${encoded}`]
  try {
    return await bootGuest(program, ['mem=2048M', ...disk, ...console, ...names], {
      milliseconds,
      onLine,
      // Where the guest's memory is kept, which must be executable.
      environment: { TMPDIR: '/dev/shm' },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

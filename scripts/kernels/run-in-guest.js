import { bootGuest } from './boot-guest.js'

const MEMORY = 2048
const BY_ARCHITECTURE = {
  amd64: { command: 'qemu-system-x86_64', machine: ['-machine', 'q35'], console: 'ttyS0', emulated: 'max' },
  arm64: {
    command: 'qemu-system-aarch64',
    machine: ['-machine', 'virt,gic-version=3'],
    console: 'ttyAMA0',
    emulated: 'neoverse-n1',
  },
}

/**
 * Boots a kernel into a root image, runs a command there and hands on each line that is printed. Resolves when the machine is off, with the
 * command's exit code, or with `undefined` where it did not come to its end within the limit.
 *
 * @param {object} options
 * @param {'amd64' | 'arm64'} options.architecture
 * @param {{ kernel: string, initrd: string }} options.boot
 * @param {string} options.image nothing is written to it
 * @param {string} options.command for the shell
 * @param {boolean} options.kvm
 * @param {number} options.milliseconds
 * @param {string} [options.processor] qemu's name of the processor that is emulated
 * @param {(line: string) => void} options.onLine
 * @returns {Promise<number | undefined>}
 */
export function runInGuest({ architecture, boot, image, command, kvm, milliseconds, processor, onLine }) {
  const { command: qemu, machine, console: serial, emulated } = BY_ARCHITECTURE[architecture]
  const encoded = Buffer.from(command).toString('base64')
  // The model has four levels of page tables.
  const levels = architecture === 'amd64' ? ' no5lvl' : ''
  // On a busy machine an emulated timer may come late: it is not broken. Nothing in the guest is worth its protection.
  const append = `console=${serial} panic=-1 quiet loglevel=1 no_timer_check mitigations=off${levels} run64=${encoded}`
  // The longest command line on x86-64.
  if (append.length > 2000) throw new Error(`the command is too long for the kernel's command line: ${command}`)
  return bootGuest(
    qemu,
    [
      ...['-nodefaults', ...machine, '-display', 'none', '-no-reboot', '-m', String(MEMORY)],
      ...(kvm
        ? ['-accel', 'kvm', '-cpu', 'host', '-smp', '2']
        : ['-accel', 'tcg,thread=multi', '-cpu', processor ?? emulated, '-smp', '1']),
      ...['-kernel', boot.kernel, '-initrd', boot.initrd, '-append', append],
      ...['-drive', `file=${image},format=raw,if=none,id=root,snapshot=on,file.locking=off`],
      ...['-device', 'virtio-blk-pci,drive=root', '-device', 'virtio-rng-pci', '-serial', 'stdio'],
    ],
    { milliseconds, onLine },
  )
}

/**
 * The machines that `npm run test:kernels` knows: which of Debian's kernels each boots.
 *
 * The kernels for clouds are small, but have no CONFIG_MEMORY_FAILURE before 6.12. Pages of 16 KiB come with Debian 13.
 *
 * @typedef {object} Machine
 * @property {string} title
 * @property {string} suite of Debian's archive
 * @property {'amd64' | 'arm64'} architecture by Debian's name
 * @property {string} [series] how the kernel's version begins; '' for the newest
 * @property {string} [flavour] how the package's name ends
 * @property {true} [userMode] User-mode Linux: quick without KVM, but not all of a kernel
 *
 * @type {Record<string, Machine>}
 */
export const machines = {
  '5.10': { title: 'x86-64', suite: 'bullseye', architecture: 'amd64', series: '5.10', flavour: 'amd64' },
  6.1: { title: 'x86-64', suite: 'bookworm', architecture: 'amd64', series: '6.1', flavour: 'amd64' },
  6.12: { title: 'x86-64', suite: 'trixie', architecture: 'amd64', series: '6.12', flavour: 'cloud-amd64' },
  6.18: { title: 'x86-64', suite: 'trixie-backports', architecture: 'amd64', series: '6.18', flavour: 'cloud-amd64' },
  newest: { title: 'x86-64', suite: 'trixie-backports', architecture: 'amd64', series: '', flavour: 'cloud-amd64' },
  arm64: { title: 'arm64', suite: 'trixie', architecture: 'arm64', series: '6.12', flavour: 'cloud-arm64' },
  'arm64-16k': {
    title: 'arm64, pages of 16 KiB',
    suite: 'trixie',
    architecture: 'arm64',
    series: '6.12',
    flavour: 'arm64-16k',
  },
  '5.10-user-mode': { title: 'User-mode Linux', suite: 'bullseye', architecture: 'amd64', userMode: true },
  '6.1-user-mode': { title: 'User-mode Linux', suite: 'bookworm', architecture: 'amd64', userMode: true },
  '6.12-user-mode': { title: 'User-mode Linux', suite: 'trixie', architecture: 'amd64', userMode: true },
}

/** The C library musl, on the running kernel. */
export const MUSL = 'musl'

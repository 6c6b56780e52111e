import { release } from 'node:os'

/** Why a test is skipped on a kernel before a version: `beforeLinux('6.13', 'guard pages')`. `false` from that version on. */
export function beforeLinux(version: string, what: string): string | false {
  return release().localeCompare(version, 'en', { numeric: true }) < 0 && `${what} came with Linux ${version}`
}

import { readFileSync } from 'node:fs'

/** Why a test that requires addresses beyond some gigabytes is skipped on User-mode Linux; `false` elsewhere. */
export const userModeLinux =
  readFileSync('/proc/cpuinfo', 'latin1').includes('User Mode Linux') && 'User-mode Linux has few addresses'

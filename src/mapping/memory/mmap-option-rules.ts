import type { OptionRules } from '../../vocabulary/options/check-options.js'
import type { MmapOptions } from './mmap-options.js'

/** What each option must be. The code that uses the numbers and the file checks them. */
export const mmapOptionRules: OptionRules<MmapOptions> = {
  length: 'any',
  file: 'any',
  offset: 'any',
  shared: 'boolean',
  writable: 'boolean',
  address: 'any',
  fixed: ['noreplace', 'replace'],
  foreign: 'boolean',
  populate: 'boolean',
  noReserve: 'boolean',
  hugePages: 'any',
  stack: 'boolean',
  locked: 'boolean',
  noCoreDump: 'boolean',
  advice: 'any',
  jit: 'boolean',
}

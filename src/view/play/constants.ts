import { MADV } from '../../vocabulary/madv.js'
import { MAP } from '../../vocabulary/map.js'
import { MLOCK } from '../../vocabulary/mlock.js'
import { MREMAP } from '../../vocabulary/mremap.js'
import { PROT } from '../../vocabulary/prot.js'
import { UFFD_MODE } from '../../vocabulary/uffd-mode.js'

/** The names of C that a program may use, with their values. */
export const CONSTANTS: ReadonlyMap<string, number> = new Map<string, number>([
  ['NULL', 0],
  ...withPrefix('PROT_', PROT),
  ...withPrefix('MAP_', MAP),
  ...withPrefix('MADV_', MADV),
  ...withPrefix('MREMAP_', MREMAP),
  ['MCL_CURRENT', MLOCK.MCL_CURRENT],
  ['MCL_FUTURE', MLOCK.MCL_FUTURE],
  ['MCL_ONFAULT', MLOCK.MCL_ONFAULT],
  ...withPrefix('UFFDIO_REGISTER_MODE_', UFFD_MODE),
  ['UFFDIO_WRITEPROTECT_MODE_WP', 1],
  ['UFFDIO_COPY_MODE_WP', 2],
])

function withPrefix(prefix: string, table: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(table).map(([name, value]) => [`${prefix}${name}`, value])
}

import { PROBE, PROBE_HEAD } from '../drivers/probe-options.js'

interface Readable {
  read<T extends ArrayBufferView>(offset: number, target: T): T
}

/** A number that the suite's driver wrote at the start of the page at `offset` when it filled the page. */
export function told(memory: Readable, offset: number, what: keyof typeof PROBE): number {
  return new DataView(memory.read(offset, new Uint8Array(PROBE_HEAD)).buffer).getUint32(4 * PROBE[what], true)
}

import { PROBE, PROBE_HEAD } from '../drivers/probe-options.js'

interface Readable {
  read<T extends ArrayBufferView>(offset: number, target: T): T
}

/** A number in the head of the page at `offset`, which the suite's driver wrote there as it filled the page. */
export function told(memory: Readable, offset: number, what: keyof typeof PROBE): number {
  return new DataView(memory.read(offset, new Uint8Array(PROBE_HEAD)).buffer).getUint32(4 * PROBE[what], true)
}

import { once } from 'node:events'

/** Writes to the standard output, no faster than it is read. */
export async function writeOut(bytes: Uint8Array): Promise<void> {
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
}

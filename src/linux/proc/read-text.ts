import { type TakeLines, TextReader } from './text-reader.js'

/**
 * Reads a text file of /proc from its beginning, and passes its lines to `take`, piece by piece. Returns the bytes read. Throws `VmError`;
 * `ESRCH` when the process has gone.
 */
export function readText(descriptor: number, path: string, take: TakeLines): number {
  const reader = new TextReader(descriptor, path)
  while (reader.read(take));
  return reader.position
}

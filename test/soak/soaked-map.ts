import { type Mmap, MmapMut } from '../published/index.js'

/** A map of a device under the soak. */
export interface SoakedMap {
  readonly memory: Mmap | MmapMut
  /** Its first page, in the device. */
  readonly first: number
  readonly pages: number
  readonly shared: boolean
  /** What was written to a page of a private map, which is the map's own from then on, and of which version the rest is. */
  readonly own: Map<number, { readonly byte: number; version: number | undefined }>
  readers: number
}

/** For the report of a failure. */
export function describeMap({ memory, first, pages, shared, own, readers }: SoakedMap): string {
  const what = `${shared ? 'shared' : 'private'} ${memory instanceof MmapMut ? 'writable' : 'readable'}`
  const address = `0x${memory.start.toString(16)}`
  return `  ${address}: pages ${first} to ${first + pages}, ${what}, ${own.size} of its own, ${readers} readers`
}

import type { Advice } from '../../vocabulary/madv.js'
import type { MemoryFile } from './memory-file.js'

/** A file to map: a path, a `file:` URL, a descriptor, an open `FileHandle` or `MemoryFile`. */
export type MappableFile = string | URL | number | { readonly fd: number } | MemoryFile

/** What to map, and how. Everything has a default, save that either `length` or `file` must be there. */
export interface MmapOptions {
  /**
   * Bytes. Without it, to the end of the file. It may reach past the end of the file: those pages fault until the file has grown.
   * Memory comes in whole pages, but the mapping is as long as you say.
   */
  readonly length?: number
  /** Without it the memory is anonymous and zero. A path is opened for the time of the call; whatever you opened stays yours. */
  readonly file?: MappableFile
  /** Where in the file the mapping begins, in bytes. Need not be on a page. Default 0. */
  readonly offset?: number
  /** Writes go to the file, or for anonymous memory to every process that inherits it (`MAP_SHARED`). Default: writes are private copies. */
  readonly shared?: boolean
  /** Open the path for writing too, so that a shared mapping can become an `MmapMut` later. */
  readonly writable?: boolean
  /** Where to put it, as a hint. On a page. */
  readonly address?: bigint
  /**
   * Put it at `address` and nowhere else: `'noreplace'` fails with `EEXIST` where anything is in the way, `'replace'` maps over it
   * (`MAP_FIXED`), which is yours to answer for; memory that this library holds is never mapped over.
   */
  readonly fixed?: 'noreplace' | 'replace'
  /** Fault all pages in at once (`MAP_POPULATE`). */
  readonly populate?: boolean
  /** Do not set swap space or commit charge aside (`MAP_NORESERVE`). */
  readonly noReserve?: boolean
  /** Huge pages from the machine's pool: `true` for the smallest size, or a size in bytes that the machine has (`MAP_HUGETLB`). */
  readonly hugePages?: boolean | number
  /** Memory for a thread's stack (`MAP_STACK`). */
  readonly stack?: boolean
  /** Lock the pages into memory with mlock(2). Unlike `MAP_LOCKED`, fails where it can't. */
  readonly locked?: boolean
  /** Leave the memory out of core dumps (`MADV_DONTDUMP`). */
  readonly noCoreDump?: boolean
  /** Advice for the whole mapping: `'sequential'`, `'random'`, `'willneed'`, `'hugepage'`, … */
  readonly advice?: Advice | readonly Advice[]
  /** Allow the memory to be writable and executable at once. */
  readonly jit?: boolean
}

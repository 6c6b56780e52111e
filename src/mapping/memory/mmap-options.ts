import type { Advice } from '../../vocabulary/madv.js'
import type { MemoryFile } from './memory-file.js'

/** A file to map: a path, a `file:` URL, a descriptor, an open `FileHandle` or `MemoryFile`. */
export type MappableFile = string | URL | number | { readonly fd: number } | MemoryFile

/**
 * What to map, and how. Each member has a default, but either `length` or `file` must be given.
 *
 * ```ts
 * using table = map({ file: 'data.bin', offset: 512, advice: 'random' })
 * using scratch = mapMut({ length: 1 << 20 })
 * ```
 */
export interface MmapOptions {
  /**
   * Bytes. Default: to the end of the file. It may reach past the end of the file: those pages fault until the file has grown.
   * The kernel maps whole pages; the mapping's `size` is `length` all the same.
   */
  readonly length?: number
  /** Default: anonymous memory, which is zero. A path is opened for the time of the call; a descriptor stays open and yours to close. */
  readonly file?: MappableFile
  /** Where in the file the mapping begins, in bytes. It need not be a multiple of a page. Default 0. */
  readonly offset?: number
  /** Writes go to the file, or for anonymous memory to every process that inherits it (`MAP_SHARED`). Default: writes are private copies. */
  readonly shared?: boolean
  /** Open the path for writing too, so that a shared mapping can become an `MmapMut` later. */
  readonly writable?: boolean
  /** The address to map at, as a hint: a multiple of the page size. Default: the kernel chooses. */
  readonly address?: bigint
  /**
   * Map at `address` and nowhere else. `'noreplace'` fails with `EEXIST` where the range is in use. `'replace'` unmaps what is
   * mapped there (`MAP_FIXED`), irreversibly; memory that this library holds is never replaced, and private memory that may be the engine's, a
   * stack or the heap only with `foreign`.
   */
  readonly fixed?: 'noreplace' | 'replace'
  /** Let `fixed: 'replace'` replace any memory of the process that the library does not hold. The process may end. */
  readonly foreign?: boolean
  /** Fault all pages in at once (`MAP_POPULATE`). */
  readonly populate?: boolean
  /** Do not set swap space or commit charge aside (`MAP_NORESERVE`). */
  readonly noReserve?: boolean
  /** Huge pages from the machine's pool: `true` for the smallest size, or a size in bytes that the machine has (`MAP_HUGETLB`). */
  readonly hugePages?: boolean | number
  /** Memory for a thread's stack (`MAP_STACK`). */
  readonly stack?: boolean
  /** Lock the pages into memory with mlock(2). Unlike `MAP_LOCKED`, it throws where the kernel can't lock them. */
  readonly locked?: boolean
  /** Leave the memory out of core dumps (`MADV_DONTDUMP`). */
  readonly noCoreDump?: boolean
  /** Advice for the whole mapping: `'sequential'`, `'random'`, `'willneed'`, `'hugepage'`, … */
  readonly advice?: Advice | readonly Advice[]
  /** Allow the memory to be writable and executable at once. */
  readonly jit?: boolean
}

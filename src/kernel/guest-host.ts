/** What becomes of the pages of a guest that were not served when serving ends. */
export type OnGuestFailure = 'poison' | 'kill' | 'wait'

/** A piece of a guest's memory: an address in its process, and where its bytes are in the memory file. All in bytes. */
export interface GuestRegion {
  /** The address of its first byte in the process. */
  readonly start: number
  /** Its length: whole pages of `pageSize`. */
  readonly length: number
  /** Where its bytes begin in the memory file. */
  readonly offset: number
  /** Bytes of one page. An answer installs whole pages. */
  readonly pageSize: number
}

/** A piece `[start, end)` of a source, and where its bytes begin in what it is read from. A hole is zeros, unless a layer below has it. */
export interface SourceSegment {
  readonly kind: 'file' | 'zero' | 'script' | 'hole'
  readonly start: number
  readonly end: number
  readonly at: number
  /** The number of the file, or of the source that a script reads. */
  readonly number: number
}

/** How faults are answered. Times in milliseconds, sizes in bytes. */
export interface RawServeOptions {
  readonly around: number
  readonly timeout: number
  readonly unregisterRemoved: boolean
  readonly killOnPageFailure: boolean
  /** Notes which pages are written, by write protection: for `dirty`. */
  readonly protects: boolean
  readonly records: boolean
}

/** Counts of pages, by the result of their answers and by their state. */
export interface RawGuestStatistics {
  /** Pages that came from the source for a fault, those around it included. */
  readonly filled: number
  /** Faults on pages that the guest had given back: answered with zeros. */
  readonly zeroed: number
  /** Pages that were fetched before a fault. */
  readonly prefetched: number
  /** Answers that came when the page was installed already, or its memory unmapped. */
  readonly raced: number
  /** Answers that were repeated, because the layout of the process was changing. */
  readonly retried: number
  /** Pages that could not be read. */
  readonly failed: number
  /** First writes to pages whose writes are noted. */
  readonly unprotected: number
  /** Pages that are in the guest's memory now. */
  readonly resident: number
  /** Pages that the guest has given back. */
  readonly removed: number
  /** How often the guest gave pages back. */
  readonly removals: number
  /** Times of answers, by their result. */
  readonly latencies: Readonly<Record<FaultOutcome, RawLatency>>
}

/**
 * How an answer to a fault came out: `missing` from the source; `removed` with zeros, as the page was given back; `raced` after another
 * answer had installed the page; `retried` again, as the layout of the process was changing; `failed` with poison. `prefetched` is no
 * fault, but a read of the prefetch.
 */
export type FaultOutcome = 'missing' | 'removed' | 'prefetched' | 'raced' | 'retried' | 'failed'

/** Times in nanoseconds. */
export interface RawLatency {
  readonly sum: number
  /** Counts by time, four buckets an octave: bucket 4e + m begins at 2^e * (1 + m/4). */
  readonly buckets: Float64Array
}

/** What a guest reports. */
export interface GuestReports {
  /** The process is gone. */
  gone(): void
  pageFailed(offset: number, errno: number): void
  /** The first `calls` calls of `prefetch` are done: each of their pages was fetched, or could not be. */
  prefetched(calls: number): void
  /** `onFailure` was applied, after `leave`. */
  left(): void
}

/** The memory of another process, whose faults a thread of the addon answers. */
export interface RawGuest {
  reports: GuestReports | undefined
  /** Throws `VmError` `ERANGE` where the source ends before a region. */
  serve(segments: readonly SourceSegment[], options: RawServeOptions): void
  /** Fetches ranges of the memory file. Faults are answered first. Returns how often this was called. */
  prefetch(ranges: readonly (readonly [start: number, end: number])[]): number
  statistics(): RawGuestStatistics
  /** Takes the offsets of the pages that were demanded while missing, in order. */
  takeRecord(): number[]
  /** A byte a page, region by region: 0 missing, 1 there, 2 removed. */
  states(): Uint8Array
  /**
   * Ranges of addresses of the pages that were written or given back since serving began, or since the last call with `reset`. They may
   * overlap. Rejects with `VmError`: `ESRCH` where the process is gone.
   */
  dirty(reset: boolean): Promise<(readonly [start: number, end: number])[]>
  /** Counts ranges of addresses as dirty again. */
  markDirty(ranges: readonly (readonly [start: number, end: number])[]): void
  /** Moves its pages to the machine's swap space: process_madvise(2). Returns the bytes of its process that are there. Throws `VmError`. */
  pageOut(): number
  /** Opens its memory for reading. Throws `VmError`: `EPERM` or `EACCES` where this process may not look into it. */
  openMemory(): Promise<RawGuestMemory>
  /** Ends serving: `onFailure` is applied to the pages that were not served. */
  leave(): void
  /** Releases the guest. Call it after `gone`. */
  forget(): void
}

/** A guest's memory as its process has it. */
export interface RawGuestMemory {
  /** The ranges of addresses in [start, end) whose pages are in the process's page table. Others have never been written: they are zeros. */
  present(start: number, end: number): (readonly [start: number, end: number])[]
  /** Fills all of `target` with the bytes from the address `start` on. */
  read(start: number, target: Uint8Array): Promise<void>
  /** The ranges of addresses at which the process has memory that a userfaultfd serves, in order. Throws `VmError` `ESRCH` where it has ended. */
  served(): (readonly [start: number, end: number])[]
  close(): Promise<void>
}

/** Reads a part of a source into `target`, all of it. `ahead`: no fault waits for it yet. */
export type ReadSource = (offset: number, target: Uint8Array, ahead?: boolean) => void | Promise<void>

/** The process at the other end of a connection. */
export interface RawPeer {
  /** 0 where that is not known. */
  readonly pid: number
  readonly uid: number
  /** Resolves with the next bytes of its message, with none at the end. Keeps the descriptors that come with them. Throws the signal's reason. */
  receive(signal: AbortSignal): Promise<Uint8Array>
  /** The number of descriptors that came. */
  readonly descriptors: number
  /** Makes a guest of the first descriptor that is a userfaultfd. The guest owns `log`. Throws `VmError` `EINVAL` where none is. */
  open(regions: readonly GuestRegion[], onFailure: OnGuestFailure, log: number): RawGuest
  /** Closes the connection and its descriptors, and applies `onFailure` to a userfaultfd. After `open` it does nothing until the guest is gone. */
  refuse(onFailure: OnGuestFailure): void
}

/** A guest that another handler has served. Ranges of addresses. */
export interface KnownMemory {
  readonly regions: readonly GuestRegion[]
  readonly removed: readonly (readonly [start: number, end: number])[]
}

/** A process that holds what this one serves, and applies `onFailure` when this one is killed. */
export interface RawKeeper {
  /** Gives the keeper a guest, which it holds until the guest's process ends. */
  hold(guest: RawGuest): void
  /** Lets the keeper end when its guests have ended. */
  close(): void
}

export interface RawGuestListener {
  /** Resolves with `undefined` once it is closed. */
  accept(): Promise<RawPeer | undefined>
  close(): void
}

/** What the running kernel does for guests. */
export interface GuestHost {
  readonly pageSize: number
  /** Throws `VmError`: `EADDRINUSE` where another process listens at the path. The file of one that has ended is replaced. */
  listen(path: string, mode: number): RawGuestListener
  /**
   * Makes a guest of a process whose handler has ended: notes the pages that it has and those that it gave back (ranges of addresses), and
   * lets the faults come again that the handler had read. The guest owns `log`, unless this throws. Throws `VmError`: `EPERM` where this
   * process may not look into the other one.
   */
  takeOver(pid: number, known: KnownMemory, onFailure: OnGuestFailure, log: number): RawGuest
  /** Whether keepers run: one whose handler was killed may not have read its last guests yet. */
  hasKeepers(): boolean
  /** Opens a file to which lines are added, for `log`. Each guest gets a descriptor of its own. */
  openLog(path: string): number
  /** Adds a line to an open log. */
  writeLog(descriptor: number, line: string): void
  closeLog(descriptor: number): void
  /** When the process began, in the kernel's clock ticks since the boot: with the pid, its name for good. `undefined` where it is gone. */
  startOf(pid: number): number | undefined
  /** The user that a process runs as. `undefined` where it is gone. */
  userOf(pid: number): number | undefined
  /** Starts a keeper. Rejects where its program can't be run. */
  startKeeper(): Promise<RawKeeper>
  /** Maps a file for reading. Returns its number and size. */
  mapFile(descriptor: number): { readonly number: number; readonly size: number }
  forgetFile(number: number): void
  /** The runs of a file that have bytes of their own: lseek(2), `SEEK_DATA`. */
  dataOf(descriptor: number, size: number): [start: number, end: number][]
  /** Adds a source that this thread reads, in parts of up to `largest` bytes. Returns its number. */
  openScript(read: ReadSource, largest: number, atOnce: number): number
  closeScript(number: number): void
}

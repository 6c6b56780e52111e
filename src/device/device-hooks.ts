import type { RawWriteback } from '../kernel/raw-writeback.js'
import type { VmFault } from './vm-fault.js'
import type { VmaNew } from './vma-new.js'

/**
 * What a driver does when its memory is used: `file_operations` and `vm_operations_struct` in one. Either `mmap` or `fault` must be
 * there. Hooks are called as methods of this object.
 *
 * A `VmError` that a hook throws is passed to the program; any other error becomes `EIO` with its cause.
 */
export interface DeviceHooks {
  /** The size of the device in bytes. A touch of a page wholly past it fails. Without it the device has no end. */
  readonly size?: number
  /** `f_ops->open`: before anything is mapped, and again when the device is restarted. */
  open?(): void | Promise<void>
  /**
   * `f_ops->mmap`: an area of the device is laid out and can't be touched yet. Must be synchronous: `vma` is valid while it runs.
   * A driver with a `fault` hook may leave it out.
   */
  mmap?(vma: VmaNew): void
  /**
   * `vm_ops->fault`: a missing page was touched. Fill `fault.bytes`, or call `fault.answer(page)`. Without this hook a touch of a page
   * that `mmap` has not inserted is `SIGBUS`.
   */
  fault?(fault: VmFault): void | Promise<void>
  /** `vm_ops->page_mkwrite`: a page of a shared area is about to be written for the first time. Throw to refuse. */
  pageMkwrite?(fault: VmFault): void | Promise<void>
  /**
   * `a_ops->writepages`: takes `bytes` of the device from `offset` on, which programs wrote through shared maps: whole pages, up to
   * `run.most` bytes, cut off at `size`. Called by `flush` and `close`, and before written pages are dropped to keep within `residentLimit`;
   * without this hook a device with a limit can't be written. `bytes` is valid until the hook returns or its promise settles. Where it
   * throws, rejects or is late, the pages stay in memory.
   */
  writeback?(writeback: RawWriteback): void | Promise<void>
  /** `f_ops->release`: the device is closed, or about to be restarted. Its errors are ignored. */
  close?(): void | Promise<void>
}

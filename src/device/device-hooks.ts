import type { VmFault } from './vm-fault.js'
import type { VmaNew } from './vma-new.js'

/**
 * What a driver does when its memory is used: `file_operations` and `vm_operations_struct` in one. Either `mmap` or `fault` must be
 * there. Hooks are called as methods of this object.
 *
 * A hook that throws `VmError` gives that error to the program; anything else arrives as `EIO` with its cause.
 */
export interface DeviceHooks {
  /** How many bytes the device has. A touch of a page wholly past them fails. Without it the device has no end. */
  readonly size?: number
  /** `f_ops->open`: before anything is mapped, and again when the device is restarted. */
  open?(): void | Promise<void>
  /**
   * `f_ops->mmap`: an area of the device is laid out and can't be touched yet. Must be synchronous: `vma` is valid while it runs.
   * A driver with a `fault` hook may leave it out.
   */
  mmap?(vma: VmaNew): void
  /**
   * `vm_ops->fault`: a page was touched that is not there. Fill `fault.bytes`, or `fault.answer(page)`. A touch of a page that was not
   * put there by `mmap` is `SIGBUS` without this hook.
   */
  fault?(fault: VmFault): void | Promise<void>
  /** `vm_ops->page_mkwrite`: a page of a shared area is about to be written for the first time. Throw to refuse. */
  pageMkwrite?(fault: VmFault): void | Promise<void>
  /** `f_ops->release`: the device is closed, or about to be restarted. What it throws is discarded. */
  close?(): void | Promise<void>
}

import type { Area } from './area.js'
import type { RawFault } from './raw-fault.js'

/**
 * The raw hooks behind a device's file: `file_operations` and `vm_operations_struct` in one, as far as memory goes.
 *
 * A hook that throws `VmError` gives that error to the program as it is; anything else is `EIO` with its cause.
 */
export interface FileOperations {
  /** How many bytes the device has. A touch of a page wholly past it is `SIGBUS`. Without it, the device has no end. */
  readonly size?: number
  /** `f_ops->open` */
  open?(): void | Promise<void>
  /** `f_ops->mmap`: the area is laid out and can't be touched yet. Without this hook mmap fails with `ENODEV`. */
  mmap?(area: Area): void
  /** `vm_ops->fault`: a page was touched that is not there. Without this hook such a touch is `SIGBUS`. */
  fault?(fault: RawFault): void | Promise<void>
  /** `vm_ops->page_mkwrite`: a page that was mapped read-only is about to be written. */
  pageMkwrite?(fault: RawFault): void | Promise<void>
  /** `vm_ops->pfn_mkwrite`: the same of a page that `remap_pfn_range` has put there. Only in the model. */
  pfnMkwrite?(fault: RawFault): void
  /**
   * `f_ops->get_unmapped_area`: a place for `length` bytes of the device from `offset` on, or `undefined` for the kernel's own search
   * from the hint. It is asked about fixed addresses as well. Only in the model.
   */
  getUnmappedArea?(hint: bigint, length: number, offset: number): bigint | undefined
  /** `vm_ops->open`: a split, a move or a fork made an area. Only in the model. */
  openArea?(area: Area): void
  /** `vm_ops->close`: an area goes. One that has this hook is never merged away. Only in the model. */
  closeArea?(area: Area): void
  /** `vm_ops->may_split`: throws where the area must not be cut at `address`. Only in the model. */
  maySplit?(area: Area, address: bigint): void
  /** `f_ops->release`: the last user has gone. */
  close?(): void | Promise<void>
}

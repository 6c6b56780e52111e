import type { Area } from './area.js'
import type { RawFault } from './raw-fault.js'
import type { RawWriteback } from './raw-writeback.js'

/**
 * The raw hooks behind a device's file: `file_operations` and `vm_operations_struct` in one, as far as memory goes.
 *
 * A `VmError` that a hook throws is passed to the program unchanged; any other error becomes `EIO` with its cause.
 */
export interface FileOperations {
  /** The size of the device in bytes. A touch of a page wholly past it is `SIGBUS`. Without it, the device has no end. */
  readonly size?: number
  /** `f_ops->open` */
  open?(): void | Promise<void>
  /** `f_ops->mmap`: the area is mapped and no thread can touch it yet. Without this hook mmap fails with `ENODEV`. */
  mmap?(area: Area): void
  /** `vm_ops->fault`: a missing page was touched. Without this hook such a touch is `SIGBUS`. */
  fault?(fault: RawFault): void | Promise<void>
  /** `vm_ops->page_mkwrite`: a page that was mapped read-only is about to be written. */
  pageMkwrite?(fault: RawFault): void | Promise<void>
  /** `a_ops->writepages`: programs wrote to pages of the device through shared maps. With this hook each first write to a page is noted. */
  writeback?(writeback: RawWriteback): void | Promise<void>
  /** `vm_ops->pfn_mkwrite`: the same for a page that `remap_pfn_range` has mapped. Only in the model. */
  pfnMkwrite?(fault: RawFault): void
  /**
   * `f_ops->get_unmapped_area`: an address for `length` bytes of the device from `offset` on, or `undefined` for the kernel's own search
   * from the hint. It is called for fixed addresses as well. Only in the model.
   */
  getUnmappedArea?(hint: bigint, length: number, offset: number): bigint | undefined
  /** `vm_ops->open`: a split, a move or a fork made an area. Only in the model. */
  openArea?(area: Area): void
  /** `vm_ops->close`: an area is removed. An area with this hook is never merged into another one. Only in the model. */
  closeArea?(area: Area): void
  /** `vm_ops->may_split`: throws where the area must not be split at `address`. Only in the model. */
  maySplit?(area: Area, address: bigint): void
  /** `f_ops->release`: the device has no user any more. */
  close?(): void | Promise<void>
}

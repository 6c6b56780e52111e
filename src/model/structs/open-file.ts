import type { Inode } from './inode.js'

/**
 * `struct file`: an inode opened in one way. Descriptors and VMAs share it; two VMAs merge only if it is the same one.
 */
export class OpenFile {
  readonly inode: Inode
  readonly readable: boolean
  readonly writable: boolean
  /** The number of references by descriptors and VMAs. */
  references = 1

  constructor(inode: Inode, readable: boolean, writable: boolean) {
    this.inode = inode
    this.readable = readable
    this.writable = writable
    inode.opened++
  }

  /** `get_file` */
  get(): this {
    this.references++
    return this
  }

  /** `fput`: the last call releases the file; the last file of an unlinked inode frees its memory. */
  put(): void {
    if (--this.references > 0) return
    const { inode } = this
    inode.driver?.release().catch(() => {})
    if (--inode.opened > 0 || !inode.unlinked) return
    for (const page of inode.pages.values()) page.references--
    inode.pages.clear()
    inode.machine.uncharge(inode.charged)
    inode.charged = 0
  }
}

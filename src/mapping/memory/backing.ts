import type { Kernel } from '../../kernel/kernel.js'
import type { RawDevice } from '../../kernel/raw-device.js'
import { openFile } from './open-file.js'

/** What is behind a mapping: a file's or a device's bytes from an offset on, or nothing. Kept without a descriptor: thousands may be held. */
export interface Backing {
  readonly shared: boolean
  /** Where in the file or device the mapping's first byte is. 0 for anonymous memory. */
  readonly offset: number
  /** `undefined` for anonymous memory. */
  readonly file: BackingFile | undefined
  /** The device whose memory it is. */
  readonly device?: BackingDevice
}

export interface BackingDevice {
  readonly raw: RawDevice
  /** For people. */
  readonly name: string
}

export interface BackingFile {
  readonly device: bigint
  readonly inode: bigint
  /** How the file was reached, to look at it again. */
  readonly source: string | number
}

/** The file's size now, or `undefined` where it can't be reached any more the way it was. */
export function sizeNow(kernel: Kernel, file: BackingFile): number | undefined {
  try {
    using opened = openFile(kernel, file.source, 'read')
    const { size, device, inode } = opened.status
    return device === file.device && inode === file.inode ? size : undefined
  } catch {
    return undefined
  }
}

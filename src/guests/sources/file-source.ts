import { type FileHandle, open } from 'node:fs/promises'
import type { GuestHost, SourceSegment } from '../../kernel/guest-host.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { GuestSource, type OpenedSource } from './guest-source.js'

/**
 * A memory file, such as a monitor writes with a snapshot. Pages are copied straight from its map, by the thread that serves. Its holes are
 * zeros, or in `layerSources` what the layer below has. The file must not change while it is served. Serving
 * rejects with Node's error of the file system where the file can't be opened.
 *
 * @example
 * await guest.serve(fileSource('/snapshots/7/memory'))
 */
export function fileSource(path: string): GuestSource {
  return new FileSource(path)
}

interface SharedFile {
  readonly number: number
  readonly size: number
  readonly identity: string
  readonly segments: readonly SourceSegment[]
  readonly handle: FileHandle
}

class FileSource extends GuestSource {
  readonly #path: string
  #shared: Promise<SharedFile> | undefined
  #users = 0

  constructor(path: string) {
    super()
    this.#path = path
  }

  async open(host: GuestHost): Promise<OpenedSource> {
    this.#users++
    this.#shared ??= openFile(host, this.#path)
    const shared = this.#shared
    let file: SharedFile
    try {
      file = await shared
    } catch (error) {
      this.#users--
      if (this.#shared === shared) this.#shared = undefined
      throw error
    }
    let closed = false
    const close = async () => {
      if (closed) return
      closed = true
      if (--this.#users > 0) return
      this.#shared = undefined
      host.forgetFile(file.number)
      await file.handle.close()
    }
    const read = async (offset: number, target: Uint8Array) => {
      for (let done = 0; done < target.length; ) {
        const { bytesRead } = await file.handle.read(target, done, target.length - done, offset + done)
        if (bytesRead === 0) throw new VmError('EIO', 'read', { path: this.#path, hint: 'the file has become shorter' })
        done += bytesRead
      }
    }
    return { size: file.size, identity: file.identity, segments: file.segments, read, close }
  }
}

async function openFile(host: GuestHost, path: string): Promise<SharedFile> {
  const handle = await open(path, 'r')
  try {
    const stat = await handle.stat({ bigint: true })
    const { number, size } = host.mapFile(handle.fd)
    const segments: SourceSegment[] = []
    let at = 0
    for (const [start, end] of host.dataOf(handle.fd, size)) {
      if (start > at) segments.push({ kind: 'hole', start: at, end: start, at: 0, number: 0 })
      segments.push({ kind: 'file', start, end, at: start, number })
      at = end
    }
    if (at < size) segments.push({ kind: 'hole', start: at, end: size, at: 0, number: 0 })
    return { number, size, identity: `file:${stat.size}:${stat.ino}:${stat.ctimeNs}`, segments, handle }
  } catch (error) {
    await handle.close()
    throw error
  }
}

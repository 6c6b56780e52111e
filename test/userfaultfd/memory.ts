import { closeSync, openSync } from 'node:fs'
import { addon } from '#vmarea/linux/addon/addon.js'
import { thisProcess } from '#vmarea/this-process.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { placeApart } from '../support/place-apart.js'

export const kernel = thisProcess().kernel
export const page = kernel.pageSize

/** Raw memory apart from the process's own, and what the test does to it. Nothing here touches a page. */
export interface Memory {
  readonly start: bigint
  readonly length: number
  at(index: number): bigint
  unmap(): void
}

export function memory(start: bigint, length: number): Memory {
  return { start, length, at: (index) => start + BigInt(index * page), unmap: () => kernel.calls.munmap(start, length) }
}

function mapped(pages: number, protection: number, flags: number, descriptor = -1): Memory {
  const length = pages * page
  return memory(kernel.calls.mmap(placeApart(length), length, protection, flags, descriptor, 0), length)
}

export function anonymous(pages: number, protection: number = PROT.READ | PROT.WRITE): Memory {
  return mapped(pages, protection, MAP.PRIVATE | MAP.ANONYMOUS)
}

export function sharedAnonymous(pages: number): Memory {
  return mapped(pages, PROT.READ | PROT.WRITE, MAP.SHARED | MAP.ANONYMOUS)
}

/** A file in memory of so many pages, and maps of it. */
export function memfd(pages: number): {
  descriptor: number
  map(flags?: number, pages?: number): Memory
  close(): void
} {
  const descriptor = kernel.files.memfdCreate('test', { sealable: true })
  kernel.files.ftruncate(descriptor, pages * page)
  return {
    descriptor,
    map(flags = MAP.SHARED, count = pages) {
      return mapped(count, PROT.READ | PROT.WRITE, flags, descriptor)
    },
    close: () => closeSync(descriptor),
  }
}

export function fileMap(path: string, pages: number, protection: number, flags: number): Memory {
  const descriptor = openSync(path, flags === MAP.SHARED ? 'r+' : 'r')
  try {
    return mapped(pages, protection, flags, descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Whether a page is there, without touching it. */
export function resident({ start, length }: Memory): boolean[] {
  const vector = new Uint8Array(length / page)
  kernel.calls.mincore(start, length, vector)
  return [...vector].map((byte) => (byte & 1) === 1)
}

export const threadId = (): number => addon().threadId()

import { readFileSync } from 'node:fs'

export interface MemoryArea {
  readonly start: bigint
  readonly end: bigint
  /** Such as `rw-p`. */
  readonly permissions: string
  readonly offset: number
  readonly inode: number
  readonly path: string
}

/** What the kernel says of this process's memory: read without any help of the library. */
export function memoryAreas(): MemoryArea[] {
  return readFileSync('/proc/self/maps', 'latin1')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const match = /^(\w+)-(\w+) (\S+) (\w+) \S+ (\d+)\s*(.*)$/.exec(line)!
      return {
        start: BigInt(`0x${match[1]}`),
        end: BigInt(`0x${match[2]}`),
        permissions: match[3]!,
        offset: Number(`0x${match[4]}`),
        inode: Number(match[5]),
        path: match[6]!,
      }
    })
}

export function areaAt(address: bigint): MemoryArea | undefined {
  return memoryAreas().find(({ start, end }) => start <= address && address < end)
}

/** The areas that touch the range, cut to it. */
export function areasIn(from: bigint, to: bigint): MemoryArea[] {
  return memoryAreas()
    .filter(({ start, end }) => start < to && from < end)
    .map((area) => ({
      ...area,
      start: area.start < from ? from : area.start,
      end: area.end > to ? to : area.end,
    }))
}

/** The permissions of each page of the range, `''` where nothing is mapped. */
export function pagePermissions(from: bigint, to: bigint, pageSize: number): string[] {
  const pages: string[] = []
  const areas = areasIn(from, to)
  for (let address = from; address < to; address += BigInt(pageSize)) {
    pages.push(areas.find(({ start, end }) => start <= address && address < end)?.permissions ?? '')
  }
  return pages
}

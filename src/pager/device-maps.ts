import type { DeviceMap } from './device-map.js'

/** The maps of one device, by address and by the part of the device that they show. They are few. */
export class DeviceMaps {
  #maps: DeviceMap[] = []
  #last: DeviceMap | undefined

  /** The map around the address. */
  at(address: number): DeviceMap | undefined {
    const last = this.#last
    if (last !== undefined && address >= last.start && address < last.end) return last
    let low = 0
    let high = this.#maps.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#maps[middle]!.end <= address) low = middle + 1
      else high = middle
    }
    const found = this.#maps[low]
    if (found === undefined || found.start > address) return undefined
    this.#last = found
    return found
  }

  /** The maps that show a part of `[offset, offset + length)` of the device. */
  *showing(offset: number, length: number): Generator<DeviceMap> {
    for (const map of this.#maps) {
      if (map.offset < offset + length && offset < map.offset + (map.end - map.start)) yield map
    }
  }

  /** The maps in `[start, end)`, cut so that none reaches over either end. */
  within(start: number, end: number): DeviceMap[] {
    this.#cut(start)
    this.#cut(end)
    return this.#maps.filter((map) => map.start >= start && map.end <= end)
  }

  add(map: DeviceMap): void {
    this.remove(map.start, map.end)
    const at = this.#maps.findIndex((other) => other.start > map.start)
    this.#maps.splice(at < 0 ? this.#maps.length : at, 0, map)
  }

  /** Nothing of the device is in `[start, end)` any more. */
  remove(start: number, end: number): void {
    this.#last = undefined
    const gone = new Set(this.within(start, end))
    this.#maps = this.#maps.filter((map) => !gone.has(map))
    for (const { area, inserted } of gone) {
      for (const page of inserted.values()) page.drop()
      area.gone = !this.#maps.some((map) => map.area === area)
    }
  }

  /** Makes two maps of the one that reaches over the address. */
  #cut(address: number): void {
    const map = this.at(address)
    if (map === undefined || map.start === address) return
    const inserted = new Map([...map.inserted].filter(([page]) => page >= address))
    for (const page of inserted.keys()) map.inserted.delete(page)
    const placed = new Map([...map.placed].filter(([page]) => page >= address))
    for (const page of placed.keys()) map.placed.delete(page)
    const rest = { ...map, placed, start: address, offset: map.offset + (address - map.start), inserted }
    map.end = address
    this.#maps.splice(this.#maps.indexOf(map) + 1, 0, rest)
    this.#last = undefined
  }

  [Symbol.iterator](): Iterator<DeviceMap> {
    return this.#maps[Symbol.iterator]()
  }
}

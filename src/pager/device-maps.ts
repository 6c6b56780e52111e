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

  add(map: DeviceMap): void {
    this.remove(map.start, map.end)
    const at = this.#maps.findIndex((other) => other.start > map.start)
    this.#maps.splice(at < 0 ? this.#maps.length : at, 0, map)
  }

  /** Nothing of the device is in `[start, end)` any more: maps that reach into it are cut. */
  remove(start: number, end: number): void {
    this.#last = undefined
    const kept: DeviceMap[] = []
    for (const map of this.#maps) {
      if (map.end <= start || map.start >= end) {
        kept.push(map)
        continue
      }
      for (const address of map.inserted.keys()) {
        if (address < start || address >= end) continue
        map.inserted.get(address)!.drop()
        map.inserted.delete(address)
      }
      if (map.start < start && map.end > end) kept.push({ ...map, end: start })
      if (map.end > end) {
        map.offset += end - map.start
        map.start = end
        kept.push(map)
      } else if (map.start < start) {
        map.end = start
        kept.push(map)
      } else {
        map.area.gone = true
      }
    }
    this.#maps = kept
  }

  [Symbol.iterator](): Iterator<DeviceMap> {
    return this.#maps[Symbol.iterator]()
  }
}

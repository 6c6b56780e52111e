import type { DeviceMap } from './device-map.js'

/** The addresses `[start, end)` of a map. */
export interface DeviceMapPart {
  readonly map: DeviceMap
  readonly start: number
  readonly end: number
}

/** The maps of one device, by address and by the part of the device. They are few. */
export class DeviceMaps {
  #maps: DeviceMap[] = []
  #last: DeviceMap | undefined

  /** The map that contains the address. */
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

  /** The maps of `[offset, offset + length)` of the device, and the addresses in each. */
  *showing(offset: number, length: number): Generator<DeviceMapPart> {
    for (const map of this.#maps) {
      const from = Math.max(offset, map.offset)
      const to = Math.min(offset + length, map.endOffset)
      if (from < to) yield { map, start: map.addressOf(from), end: map.addressOf(to) }
    }
  }

  /** The maps in `[start, end)`, split so that none extends past either end. */
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

  /** Forgets `[start, end)`, which no longer maps the device. */
  remove(start: number, end: number): void {
    this.#last = undefined
    const gone = new Set(this.within(start, end))
    this.#maps = this.#maps.filter((map) => !gone.has(map))
    for (const { area, inserted } of gone) {
      for (const page of inserted.values()) page.drop()
      area.gone = !this.#maps.some((map) => map.area === area)
    }
  }

  /** Splits the map that contains the address. */
  #cut(address: number): void {
    const map = this.at(address)
    if (map === undefined || map.start === address) return
    this.#maps.splice(this.#maps.indexOf(map) + 1, 0, map.cutAt(address))
    this.#last = undefined
  }
}

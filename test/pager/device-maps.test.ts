import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceArea } from '#vmarea/pager/device/server/device-area.js'
import { DeviceMap } from '#vmarea/pager/device/server/device-map.js'
import { DeviceMaps } from '#vmarea/pager/device/server/device-maps.js'

const mapAt = (start: number, end: number, offset: number) =>
  new DeviceMap({
    area: { gone: false } as DeviceArea,
    start,
    end,
    offset,
    shared: true,
    protection: 1,
    notifiesWrites: false,
    copies: false,
  })

test('each of several maps is found where it lies, in whatever order they came', () => {
  const maps = new DeviceMaps()
  maps.add(mapAt(30, 40, 100))
  maps.add(mapAt(50, 60, 200))
  maps.add(mapAt(10, 20, 0))
  assert.deepEqual(
    [9, 15, 25, 35, 55, 60].map((address) => maps.at(address)?.offsetAt(address)),
    [undefined, 5, undefined, 105, 205, undefined],
  )
})

test('a map that is cut keeps each page on the side where its address lies', () => {
  const maps = new DeviceMaps()
  const map = mapAt(10, 40, 0)
  for (const address of [10, 19, 20, 39]) map.placed.set(address, { descriptor: 0, offset: address })
  maps.add(map)
  maps.remove(20, 30)
  assert.deepEqual([...map.placed.keys()], [10, 19])
  assert.deepEqual([...maps.at(35)!.placed.keys()], [39])
  assert.deepEqual(
    [...maps.showing(5, 20)].map(({ start, end }) => [start, end]),
    [
      [15, 20],
      [30, 35],
    ],
  )
})

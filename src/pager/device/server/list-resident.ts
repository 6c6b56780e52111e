import { ResidentList } from '../../requests/resident-list.js'
import { COUNTER } from '../../thread/pager-state.js'
import type { DeviceFile } from './device-file.js'
import type { DeviceView } from './device-view.js'

/** The list that keeps a device within its budget of so many bytes, with the pages in it that a thread before this one left; none without a budget. */
export function listResident(
  limit: number,
  file: DeviceFile,
  view: DeviceView,
  counters: Float64Array,
  pageSize: number,
): ResidentList | undefined {
  if (limit === Infinity) return undefined
  const host = {
    hide: (offset: number, length: number) => view.hide(offset, length),
    drop: (offset: number, length: number) => {
      view.forget(offset, length)
      counters[COUNTER.BYTES_DROPPED]! += length
    },
  }
  const list = new ResidentList(host, limit, pageSize)
  for (let at = 0; at < file.end; ) {
    const from = file.nextPresent(at, file.end)
    at = file.nextAbsent(from, file.end)
    if (from < at) list.touch(from, at - from)
  }
  return list
}

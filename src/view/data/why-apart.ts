import { type MergeSide, whyApart as whyAreasApart } from '../../mm/why-apart.js'
import { bitsOfCodes } from './flag-bits.js'
import type { ViewArea } from './view-area.js'

/** Why two neighbours are two areas, a sentence each; `undefined` where the flags of one are not known. */
export function whyApart(below: ViewArea, above: ViewArea): string[] | undefined {
  if (below.flags.length === 0 || above.flags.length === 0) return undefined
  return whyAreasApart(sideOf(below), sideOf(above))
}

function sideOf({ start, end, flags, inode, device, offset, path }: ViewArea): MergeSide {
  const [major = '0', minor = '0'] = device.split(':')
  return {
    start: BigInt(start),
    end: BigInt(end),
    flags: bitsOfCodes(flags),
    inode: BigInt(inode),
    deviceMajor: Number.parseInt(major, 16),
    deviceMinor: Number.parseInt(minor, 16),
    offset: BigInt(offset),
    path,
  }
}

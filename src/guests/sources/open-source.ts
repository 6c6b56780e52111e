import type { GuestHost, GuestRegion, SourceSegment } from '../../kernel/guest-host.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { GuestSource, type OpenedSource, type SourceNeeds } from './guest-source.js'
import { ObjectSource } from './object-source.js'
import type { PageSource } from './page-source.js'

/**
 * Opens a source for the regions of a guest. Throws `ERR_VMAREA_SOURCE_TOO_SHORT` where a region reaches behind its end.
 */
export async function openSource(
  host: GuestHost,
  source: GuestSource | PageSource,
  regions: readonly GuestRegion[],
  needs: SourceNeeds,
): Promise<OpenedSource> {
  const opened = await (source instanceof GuestSource ? source : new ObjectSource(source)).open(host, needs)
  const end = Math.max(...regions.map(({ offset, length }) => offset + length))
  if (end > opened.size) {
    await opened.close()
    throw new UsageError(
      'ERR_VMAREA_SOURCE_TOO_SHORT',
      `the guest's regions end at byte ${end} of the memory file, and the source has ${opened.size} bytes: give the file that belongs to the snapshot`,
    )
  }
  if (!hasSplitPages(opened.segments, Math.max(...regions.map(({ pageSize }) => pageSize)))) return opened
  // A page of which a script reads only a part is put together here.
  const number = host.openScript(opened.read, needs.largest, needs.atOnce)
  return {
    ...opened,
    segments: [{ kind: 'script', start: 0, end: opened.size, at: 0, number }],
    close: async () => {
      host.closeScript(number)
      await opened.close()
    },
  }
}

function hasSplitPages(segments: readonly SourceSegment[], pageSize: number): boolean {
  const isScript = (index: number) => segments[index]?.kind === 'script'
  return segments.some(
    ({ end }, index) => index < segments.length - 1 && end % pageSize !== 0 && (isScript(index) || isScript(index + 1)),
  )
}

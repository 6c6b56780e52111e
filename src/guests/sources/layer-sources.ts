import type { GuestHost, SourceSegment } from '../../kernel/guest-host.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { GuestSource, type OpenedSource, type SourceNeeds } from './guest-source.js'
import { ObjectSource } from './object-source.js'
import { overlaySegments } from './overlay-segments.js'
import type { PageSource } from './page-source.js'

/**
 * Sources over each other, the top one first: a page comes from the first that has it. What a file does not have are its holes, so a diff
 * snapshot over the memory file that it was taken from is `layerSources([fileSource(diff), fileSource(base)])`.
 *
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` without a layer
 */
export function layerSources(layers: readonly (GuestSource | PageSource)[]): GuestSource {
  if (!Array.isArray(layers)) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `layers must be an array of sources, and is ${showValue(layers)}`,
    )
  }
  if (layers.length === 0) throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', 'there must be a layer at least')
  return new LayeredSource(layers.map((layer) => (layer instanceof GuestSource ? layer : new ObjectSource(layer))))
}

class LayeredSource extends GuestSource {
  readonly #layers: readonly GuestSource[]

  constructor(layers: readonly GuestSource[]) {
    super()
    this.#layers = layers
  }

  async open(host: GuestHost, needs: SourceNeeds): Promise<OpenedSource> {
    const opened: OpenedSource[] = []
    const close = async () => {
      for (const layer of opened) await layer.close()
    }
    try {
      for (const layer of this.#layers) opened.push(await layer.open(host, needs))
    } catch (error) {
      await close()
      throw error
    }
    const segments = opened.map(({ segments }) => segments).reduceRight((below, above) => overlaySegments(below, above))
    const identities = opened.map(({ identity }) => identity)
    return {
      size: segments.at(-1)?.end ?? 0,
      identity: identities.includes(undefined) ? undefined : identities.join('|'),
      segments,
      read: (offset, target) => readLayers(opened, segments, offset, target),
      close,
    }
  }
}

/** Puts a part together from the layers that have its pieces. */
async function readLayers(
  layers: readonly OpenedSource[],
  segments: readonly SourceSegment[],
  offset: number,
  target: Uint8Array,
): Promise<void> {
  for (const segment of segments) {
    const start = Math.max(segment.start, offset)
    const end = Math.min(segment.end, offset + target.length)
    if (start >= end) continue
    const part = target.subarray(start - offset, end - offset)
    const layer = layers.find(({ segments }) => segments.some(({ kind, number }) => isSame(segment, kind, number)))
    if (segment.kind === 'zero' || segment.kind === 'hole' || layer === undefined) part.fill(0)
    else await layer.read(start, part)
  }
}

function isSame(segment: SourceSegment, kind: SourceSegment['kind'], number: number): boolean {
  return segment.kind === kind && segment.number === number
}

import type { GuestRegion, RawPeer } from '../kernel/guest-host.js'
import { badMessage } from './protocol/bad-message.js'
import { checkRegions } from './protocol/check-regions.js'
import type { GuestDialect } from './protocol/guest-dialect.js'

const LONGEST = 1 << 20

/** Takes the whole message of a monitor, in however many pieces it comes. Throws `ERR_VMAREA_BAD_MESSAGE`. */
export async function receiveMessage(
  peer: RawPeer,
  dialects: readonly GuestDialect[],
  { pageSize, timeout, signal }: { pageSize: number; timeout: number; signal: AbortSignal },
): Promise<{ message: string; regions: readonly GuestRegion[] }> {
  const decoder = new TextDecoder('utf-8', { fatal: false })
  const late = AbortSignal.timeout(timeout)
  let message = ''
  for (;;) {
    const part = await peer.receive(AbortSignal.any([signal, late])).catch((error) => {
      throw late.aborted ? badMessage(`it was not whole after ${timeout} ms, with ${message.length} characters`) : error
    })
    message += decoder.decode(part, { stream: true })
    if (message.length > LONGEST) throw badMessage(`it is longer than ${LONGEST} characters`)
    if (part.length === 0) {
      throw badMessage(message === '' ? 'it is empty' : `it ends after ${message.length} characters, and is not whole`)
    }
    const regions = parse(dialects, message, pageSize)
    if (regions === undefined) continue
    if (peer.descriptors === 0) throw badMessage('no descriptor came with it')
    return { message, regions: checkRegions(regions, pageSize) }
  }
}

/** By the first dialect that can read it; where none can, the last one says why. */
function parse(
  dialects: readonly GuestDialect[],
  message: string,
  pageSize: number,
): readonly GuestRegion[] | undefined {
  for (const dialect of dialects.slice(0, -1)) {
    try {
      return dialect.parse(message, pageSize)
    } catch {}
  }
  return dialects.at(-1)!.parse(message, pageSize)
}

// Unmapping and moving memory while threads wait in it.
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { anonymous, kernel, memory, page } from '../memory.js'
import { Actor } from './actor.js'

const how = process.argv[2] as 'unmap' | 'move' | 'unmap-untold'
const uffd = bindUserfaultfd(() => kernel).create(
  how === 'unmap-untold' ? {} : { features: ['event_unmap', 'event_remap'] },
)
// Where the kernel, which looks from the top down, puts nothing of its own accord: what another thread maps where this was would be read.
const apart = kernel.calls.mmap(1n << 36n, 8 * page, PROT.READ | PROT.WRITE, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
const area = memory(apart, 8 * page)
uffd.register(area.start, area.length)
const [toucher, other] = [await Actor.start(), await Actor.start()]
const touched = toucher.act({ do: 'touch', address: area.at(3) })
await toucher.waits('handle_userfault')
const { start: address, length } = area
const acted = other.act(
  how === 'move' ? { do: 'move', address, length, to: anonymous(8).start } : { do: 'unmap', address, length },
)
const seen: unknown[] = []
let moved = 0n

if (how !== 'unmap-untold') {
  await other.waits('userfaultfd_event_wait_completion')
  const controller = new AbortController()
  Promise.all([touched, acted]).then(() => controller.abort()) // a move tells two things, and waits for each to be read
  try {
    for await (const event of uffd.events({ signal: controller.signal })) {
      seen.push(JSON.parse(JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? String(value) : value))))
      if (event.kind === 'remap') moved = event.to
    }
  } catch (error) {
    if (error !== controller.signal.reason) throw error
  }
}
await acted
// Where it went it is still registered.
const served = moved === 0n ? 0 : uffd.copy(moved, page, new Uint8Array(page))
console.log(
  JSON.stringify({
    seen,
    touched: await touched,
    served,
    start: String(area.start),
    end: String(area.start + BigInt(area.length)),
    unanswered: uffd.unanswered().read.length,
  }),
)
await Promise.all([toucher.end(), other.end()])

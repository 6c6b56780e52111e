// A page is dropped while another thread waits for it: the kernel tells the fault first, and answers fail until the event is read.

import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import type { UffdEvent } from '#vmarea/userfaultfd/uffd-event.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { anonymous, kernel, page } from '../memory.js'
import { Actor } from './actor.js'

const how = process.argv[2]
const uffd = bindUserfaultfd(() => kernel).create({ features: ['event_remove'] })
const area = anonymous(8)
uffd.register(area.start, area.length)
const sevens = new Uint8Array(page).fill(7)
for (const index of [0, 1, 2, 3, 5, 6, 7]) uffd.copy(area.at(index), page, sevens)
const [toucher, dropper] = [await Actor.start(), await Actor.start()]
const order: string[] = []

const dropped = () => dropper.act({ do: 'advise', address: area.start, length: 4 * page, advice: 4 })

if (how === 'raw') {
  const touched = toucher.act({ do: 'touch', address: area.at(4) })
  await toucher.waits('handle_userfault')
  const dropping = dropped()
  await dropper.waits('userfaultfd_event_wait_completion')
  const first = uffd.readEvent()
  order.push(first!.kind, answer())
  const second = uffd.readEvent()
  order.push(second!.kind)
  await dropping
  order.push(answer())
  console.log(JSON.stringify({ order, touched: await touched }))
} else {
  // The iterator: nothing has been read when both are there.
  const touched = toucher.act({ do: 'touch', address: area.at(4) })
  await toucher.waits('handle_userfault')
  let dropping: Promise<unknown> | undefined
  if (how === 'queued') {
    dropping = dropped()
    await dropper.waits('userfaultfd_event_wait_completion')
  }
  let touchedByte: unknown
  for await (const event of eventsOfTwoLoops()) {
    order.push(event.kind)
    if (event.kind !== 'pagefault') continue
    if (how !== 'queued' && dropping === undefined) {
      // The page is dropped between the fault and its answer.
      dropping = dropped()
      await dropper.waits('userfaultfd_event_wait_completion')
    }
    const outcome = answer()
    order.push(outcome)
    if (outcome === 'EAGAIN') continue
    touchedByte = await touched
    break
  }
  await dropping
  console.log(JSON.stringify({ order, touched: touchedByte }))
}
await Promise.all([toucher.end(), dropper.end()])
area.unmap()
uffd.close()

/** With `left`, the first loop ends at its first event, and a second one goes on. */
async function* eventsOfTwoLoops(): AsyncGenerator<UffdEvent> {
  if (how === 'left') {
    for await (const event of uffd.events()) {
      yield event
      break
    }
  }
  yield* uffd.events()
}

function answer(): string {
  try {
    uffd.copy(area.at(4), page, sevens)
    return 'answered'
  } catch (error) {
    return error instanceof VmError ? error.code : String(error)
  }
}

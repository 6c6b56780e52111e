// Serves the memory of virtual machines that are restored from a snapshot: node serve-guests.mjs SOCKET MEMORY. The next guest gets what the
// first one demanded before it asks. Without arguments it listens, and ends.
import { existsSync } from 'node:fs'
import { fileSource, listenForGuests } from 'vmarea/guests'

const [path = `@vmarea-example-${process.pid}`, memory] = process.argv.slice(2)
const guests = await listenForGuests(path, {
  onFailure: 'kill', // a monitor whose memory can't be served any more
  onRefused: (error, { pid, uid }) => console.error(`process ${pid} of user ${uid}: ${error.message}`),
})
console.log('listening') // listening
if (memory === undefined) await guests.close()
process.once('SIGTERM', () => void guests.close())

for await (const guest of guests) {
  const set = `${memory}.set`
  try {
    await guest.serve(fileSource(memory), existsSync(set) ? { prefetch: set } : { record: set })
  } catch (error) {
    console.error(`the guest of process ${guest.pid}: ${error.message}`)
    await guest.close()
  }
  guest.closed.then(({ reason, statistics: { faults, latency } }) => {
    console.log(`${guest.pid} ${reason}: ${faults} faults, the middle one ${latency.p50} µs`)
  })
}

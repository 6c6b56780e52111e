// A relay as a network link: it passes bytes on at a rate that all connections share, delayed by half the round trip.
// Arguments: the port to connect to, bits a second, the round trip in milliseconds. Sends `{ port }`; ends with its parent.
import { connect, createServer } from 'node:net'

const [target, rate, roundTrip] = process.argv.slice(2).map(Number)
const bytesAMillisecond = rate / 8 / 1000
/** The bytes that may be in flight in one direction of a connection before the sender waits: four times what the link holds. */
const MOST_UNDER_WAY = Math.max(2 ** 16, 4 * bytesAMillisecond * roundTrip)
/** The time at which the link has passed on all its bytes, for each direction. */
const free = { up: 0, down: 0 }

const server = createServer({ allowHalfOpen: true }, (client) => {
  const upstream = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
  for (const socket of [client, upstream]) socket.setNoDelay(true)
  pass(client, upstream, 'up')
  pass(upstream, client, 'down')
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit())

function pass(from, to, direction) {
  let underWay = 0
  const later = (arrival, act) => setTimeout(act, Math.max(0, arrival - performance.now()))
  from.on('data', (chunk) => {
    underWay += chunk.length
    if (underWay > MOST_UNDER_WAY) from.pause()
    free[direction] = Math.max(free[direction], performance.now()) + chunk.length / bytesAMillisecond
    later(free[direction] + roundTrip / 2, () => {
      to.write(chunk)
      underWay -= chunk.length
      if (underWay <= MOST_UNDER_WAY) from.resume()
    })
  })
  from.on('end', () => later(Math.max(free[direction], performance.now()) + roundTrip / 2, () => to.end()))
  from.on('error', () => to.destroy())
}

import { createHash } from 'node:crypto'
import { connect, createServer } from 'node:net'

/**
 * Waits until no other process holds the folder, and holds it until this process ends. The name is an abstract socket: the kernel takes it
 * away with the process, however that ends.
 *
 * @param {string} folder
 * @param {(holder: string) => void} onWait called with the process that holds the folder
 */
export async function becomeOnlyRun(folder, onWait) {
  const path = `\0vmarea-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  while (!(await hold(path))) await endOfHolder(path, onWait)
}

function hold(path) {
  // A connection must not keep this process from its end, for which the other side waits.
  const server = createServer((socket) =>
    socket
      .unref()
      .on('error', () => {})
      .write(String(process.pid)),
  )
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
    server.listen(path, () => {
      server.unref()
      resolve(true)
    })
  })
}

function endOfHolder(path, onWait) {
  return new Promise((resolve) => {
    connect(path)
      .on('data', (data) => onWait(String(data)))
      // The holder has ended already.
      .on('error', () => {})
      .on('close', resolve)
  })
}

// Serves page faults: a Worker makes each page of a mapping when it is touched, while this thread waits in a plain bytes[i].
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { mapMut, pageSize, UffdMessages, Userfaultfd } from 'vmarea'

const page = pageSize()

if (isMainThread) {
  const uffd = Userfaultfd.create()
  const memory = mapMut({ length: 1024 * page })
  uffd.register(memory.start, memory.size)
  // The Worker has a descriptor of its own, and takes it over.
  const descriptor = uffd.tryClone().intoRawDescriptor()
  const server = new Worker(new URL(import.meta.url), { workerData: { descriptor, start: memory.start } })
  await once(server, 'message')

  const { bytes } = memory
  console.log(bytes[700 * page], bytes[700 * page + 1]) // 188 188
  console.log(memory.resident().reduce((sum, there) => sum + there)) // 1

  // Who serves ends: what it has not served is poisoned, and an access to it fails instead of waiting for nobody.
  await server.terminate()
  try {
    memory.read(0, new Uint8Array(1))
  } catch (error) {
    console.log(error.reason) // poisoned
  }
  memory.unmap()
  uffd.close()
} else {
  const { descriptor, start } = workerData
  const uffd = Userfaultfd.fromRawDescriptor(descriptor)
  const messages = new UffdMessages(64)
  const contents = new Uint8Array(page)
  parentPort.postMessage('ready')
  for (;;) {
    const count = uffd.waitEvents(messages)
    for (let index = 0; index < count; index++) {
      if (!messages.isFault(index)) continue
      const address = messages.address(index, page)
      contents.fill((address - Number(start)) / page)
      uffd.copy(address, page, contents)
    }
  }
}

// The handler loop under test: one Worker that shows pages which are in the file already, through the guard or through a userfaultfd.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { GuardSource } from '../../../dist/pager/source/guard-source.js'
import { thisProcess } from '../../../dist/this-process.js'
import { bindUserfaultfd } from '../../../dist/userfaultfd/bind-userfaultfd.js'
import { UffdMessages } from '../../../dist/userfaultfd/uffd-messages.js'

const { way, descriptor, start, length, control, floor, cpu } = workerData
createRequire(import.meta.url)(floor).pin(cpu)
const [STOP, HIDE] = [0, 1]
const serve = way === 'userfaultfd' ? byUserfaultfd() : byGuard()
parentPort.postMessage('ready')
while (Atomics.load(control, STOP) === 0) {
  serve()
  if (Atomics.load(control, HIDE) === 1) {
    serve.hide()
    Atomics.store(control, HIDE, 0)
    Atomics.notify(control, HIDE)
  }
}
serve.close()

function byGuard() {
  const source = new GuardSource({ guardMarkers: way === 'markers' })
  source.watch(start, length, 3, false)
  const once = () => {
    const count = source.take(1)
    for (let index = 0; index < count; index++) source.show(source.address(index), 4096, true)
  }
  return Object.assign(once, { hide: () => source.hide(start, length), close: () => source.close() })
}

function byUserfaultfd() {
  const uffd = bindUserfaultfd(() => thisProcess().kernel).fromRawDescriptor(descriptor)
  const messages = new UffdMessages(16)
  const once = () => {
    const count = uffd.waitEvents(messages, 1)
    for (let index = 0; index < count; index++) {
      if (messages.isFault(index)) uffd.continue(messages.address(index, 4096), 4096)
    }
  }
  return Object.assign(once, { hide: () => {}, close: () => uffd.close() })
}

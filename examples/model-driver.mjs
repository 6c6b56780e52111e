// A driver as Android's Binder has it, on the model: it keeps its pages, puts them in when it needs them, and takes them back.
import { defineDevice, Mm, VmError } from 'vmarea/device'
import { Machine } from 'vmarea/model'

/** What the program and the driver would say to each other through ioctl(2). */
const binder = {}

const driver = defineDevice((_options, device) => {
  /** The one area of the process: where it is, and by what to know it again. */
  let registered
  const pages = new Map()

  /** Calls `act` with the registered area, under the lock: unless the process has gone, or somebody else's area is there by now. */
  function withArea(act) {
    const mm = registered.mm.mmgetNotZero()
    const guard = mm?.mmapReadTrylock()
    try {
      const vma = guard?.vmaLookup(registered.start)
      if (vma?.asPtr() !== registered.area) return false
      act(vma.asMixedmapVma())
      return true
    } finally {
      guard?.[Symbol.dispose]()
      mm?.[Symbol.dispose]()
    }
  }

  binder.send = (index, text) => {
    const page = device.page()
    page.writeRaw(new TextEncoder().encode(text), 0)
    if (!withArea((vma) => vma.vmInsertPage(vma.start + BigInt(index * device.pageSize), page))) {
      throw new VmError('ESRCH', 'ioctl')
    }
    pages.set(index, page)
  }
  // The shrinker is called when memory is short.
  binder.shrink = () => {
    let freed = 0
    for (const [index, page] of pages) {
      const zap = (vma) => vma.zapPageRangeSingle(vma.start + BigInt(index * device.pageSize), device.pageSize)
      if (!withArea(zap)) continue
      page[Symbol.dispose]()
      pages.delete(index)
      freed++
    }
    return freed
  }

  return {
    size: 4 * 1024 * 1024,
    mmap(vma) {
      if (registered !== undefined) throw new VmError('EBUSY', 'mmap')
      try {
        vma.tryClearMaywrite()
      } catch {
        throw new VmError('EPERM', 'mmap', { hint: 'a process only reads what it is sent' })
      }
      vma.setDontcopy()
      vma.setMixedmap()
      registered = { start: vma.start, area: vma.asPtr(), mm: Mm.fromRaw(vma.mm.asRaw()) }
    },
  }
})

const machine = new Machine()
const program = machine.spawn()
const device = await program.openDevice(driver)

// Whoever asks to write is refused before anything is registered.
try {
  device.map({ protection: 'write' })
} catch (error) {
  console.log(error.code) // EPERM
}
const memory = device.map({ length: 16 * 4096, shared: true })
try {
  device.map()
} catch (error) {
  console.log(error.code) // EBUSY
}

// Nothing is there until something was sent.
const seen = new Uint8Array(5)
try {
  memory.read(0, seen)
} catch (error) {
  console.log(error.reason) // driver
}
binder.send(0, 'hello')
console.log(new TextDecoder().decode(memory.read(0, seen))) // hello

// The program can't make it writable, and a child does not get it.
try {
  memory.makeMut()
} catch (error) {
  console.log(error.code) // EACCES
}
console.log(program.fork().kernel.addressSpace.lookup(memory.start)) // undefined

// The shrinker takes the page back, and then has nothing left to take.
console.log(binder.shrink(), binder.shrink()) // 1 0
try {
  memory.read(0, seen)
} catch (error) {
  console.log(error.access, error.reason) // read driver
}

// Somebody else's memory at the same address is not the driver's to touch.
binder.send(1, 'again')
const { start } = memory
memory.unmap()
const stranger = program.mapMut({ length: 16 * 4096, address: start, fixed: 'noreplace' })
stranger.write(4096, new TextEncoder().encode('mine!'))
console.log(binder.shrink()) // 0
console.log(new TextDecoder().decode(stranger.read(4096, seen))) // mine!
machine.checkInvariants()

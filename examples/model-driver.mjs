// A driver's mmap hook without a kernel: pages that are put in later, and taken away again, as Binder's driver does it.
import { Machine } from 'vmarea/model'

const PAGE = 4096
const VM_MAYWRITE = 0x20n
const VM_DONTCOPY = 0x2_0000n
const VM_MIXEDMAP = 0x1000_0000n

const machine = new Machine()
const program = machine.spawn()
const { devices, regions, addressSpace, calls } = program.kernel

let registered
const descriptor = devices.openDevice(
  {
    mmap(area) {
      if (area.writable) throw new Error('the program only reads')
      area.changeFlags(VM_DONTCOPY | VM_MIXEDMAP, VM_MAYWRITE)
      registered = area
    },
  },
  { size: 4 * PAGE },
)

// The program maps the device for reading, shared.
const region = regions.mapRegion(0n, 4 * PAGE, 1, 1, descriptor, 0, PAGE)
const seen = new Uint8Array(5)
console.log(region.read(0, seen)?.reason) // driver

// The driver finds the area again under the lock, and knows it by what its hook saw.
const page = devices.allocatePage()
page.bytes.set(new TextEncoder().encode('hello'))
function withOwnArea(act) {
  const user = program.mm.mmgetNotZero()
  const guard = user?.mmapReadLock()
  try {
    const area = guard?.vmaLookup(region.start)?.asPtr()
    if (area !== registered) return false
    act(area)
    return true
  } finally {
    guard?.[Symbol.dispose]()
    user?.[Symbol.dispose]()
  }
}
withOwnArea((area) => area.insertPage(region.start, page))
region.read(0, seen)
console.log(new TextDecoder().decode(seen)) // hello

// Its shrinker takes the page back; the program may not make the area writable; a child does not get it.
withOwnArea((area) => area.zap(region.start, PAGE))
console.log(page.references) // 1
try {
  calls.mprotect(region.start, PAGE, 3)
} catch (error) {
  console.log(error.code) // EACCES
}
console.log(program.fork().kernel.addressSpace.lookup(region.start)) // undefined

// Somebody else's memory at the same address is not the driver's to touch.
calls.mmap(region.start, 4 * PAGE, 3, 0x32, -1, 0)
console.log(withOwnArea((area) => area.zap(region.start, PAGE))) // false
console.log(addressSpace.lookup(region.start).shared) // false
machine.checkInvariants()

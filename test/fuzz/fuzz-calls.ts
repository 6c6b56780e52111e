import { runInNewContext } from 'node:vm'
import * as vmarea from 'vmarea'
import { memoryStore } from 'vmarea/stores'
import { ADVICE, address, argumentsOf, length, mapOptions, ownRange, toRegister } from './fuzz-arguments.js'
import { checkError, type FuzzState } from './fuzz-state.js'

const MAKERS = [
  vmarea.mapNone,
  vmarea.map,
  vmarea.mapExec,
  vmarea.mapMut,
  vmarea.mapExecMut,
  vmarea.reserveNone,
  vmarea.reserve,
  vmarea.reserveMut,
  vmarea.reserveExec,
  vmarea.reserveExecMut,
]
// Raw kernel objects, calls that reach other memory by their nature, which `reach` makes on memory of the fuzzer alone, and calls that wait for
// as long as they are asked to. Where a descriptor is given away, whoever has it may answer faults, and the fuzzer's thread would wait for that.
const LEFT_OUT = new Set([
  'constructor',
  'throw',
  'asRaw',
  'asPtr',
  'fromRaw',
  'zapPageRangeSingle',
  'move',
  'waitEvents',
  'events',
  'serve',
  'send',
  'open',
  'intoRawDescriptor',
  'asRawDescriptor',
  'bytes',
  'sharedBytes',
  'owner',
  'kernel',
])
const driver = new URL('./fuzz-driver.js', import.meta.url)

/** Makes one random call, and catches the errors that a caller may get. */
export function act(state: FuzzState): void {
  const call = choose(state)
  try {
    if (state.random.chance(0.03) && call !== cutShort) dive(call)
    else call()
  } catch (error) {
    checkError(error, state.last)
  }
}

function choose(state: FuzzState): () => void {
  const { random } = state
  const kind = random.next()
  if (kind < 0.16) return () => state.add(random.pick(MAKERS)(mapOptions(state) as never))
  if (kind < 0.2) return () => state.add(vmarea.memfd('fuzz', { size: length(state) }))
  if (kind < 0.36) return () => state.watched.act()
  if (kind < 0.5) return () => touch(state)
  if (kind < 0.53) return () => look(state)
  if (kind < 0.56) return () => openUserfaultfd(state)
  if (kind < 0.575) return () => open(state)
  if (kind < 0.58) return () => swap(state)
  if (kind < 0.585) return cutShort
  if (kind < 0.6) return () => dispose(state)
  if (kind < 0.605) return () => state.addCanary()
  if (kind < 0.612) return () => large(state)
  if (kind < 0.65) return () => reach(state)
  return () => callAnything(state)
}

// Any method of any object that a call has returned.
function callAnything(state: FuzzState): void {
  const { random, objects } = state
  if (objects.length === 0) return
  const target = random.pick(objects)
  const names = namesOf(target)
  if (names.length === 0) return
  const name = random.pick(names)
  state.last = `${target.constructor.name}.${name}`
  const member = Reflect.get(target, name)
  if (typeof member !== 'function') {
    state.add(member)
    return
  }
  const args = argumentsOf(state, name)
  if (name === 'register') remember(state, args)
  const result = Reflect.apply(member, target, args)
  if (result instanceof Promise) state.wait(result)
  else state.add(result)
}

const names = new Map<object, string[]>()

function namesOf(target: object): string[] {
  const kind = Object.getPrototypeOf(target) as object | null
  const known = kind === null ? [] : names.get(kind)
  if (known !== undefined) return known
  const found: string[] = []
  for (
    let prototype = kind;
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  )
    found.push(...Object.getOwnPropertyNames(prototype).filter((name) => !LEFT_OUT.has(name)))
  names.set(kind!, found)
  return found
}

function remember(state: FuzzState, [start, bytes]: unknown[]): void {
  if (typeof start === 'bigint' && typeof bytes === 'number')
    state.caught.push({ start, end: start + BigInt(Math.ceil(bytes)) })
}

// The calls that any memory of the process would obey.
function reach(state: FuzzState): void {
  const { random, objects } = state
  const range = ownRange(state)
  if (range === undefined) return
  const { start, bytes } = range
  using user = vmarea.thisProcess().mm.mmgetNotZero()!
  switch (random.below(4)) {
    case 0: {
      using guard = user.mmapReadLock()
      state.last = 'VmaRef.zapPageRangeSingle'
      guard.vmaLookup(start)?.zapPageRangeSingle(start, bytes)
      return
    }
    case 1:
      state.last = 'MmWithUser.advise'
      user.advise(start, bytes, random.pick(ADVICE) as vmarea.Advice)
      return
    case 2: {
      const uffds = objects.filter((value) => value instanceof vmarea.Userfaultfd)
      const to = ownRange(state)
      if (uffds.length === 0 || to === undefined) return
      state.last = 'Userfaultfd.move'
      random.pick(uffds).move(to.start, start, Math.min(bytes, to.bytes), { allowSourceHoles: random.chance(0.3) })
      return
    }
    default:
      movePages(state)
  }
}

// A move that succeeds: its pages leave memory that stays mapped.
function movePages(state: FuzzState): void {
  const bytes = (1 + state.random.below(4)) * state.pageSize
  const [source, destination] = [vmarea.mapMut({ length: bytes }), vmarea.mapMut({ length: bytes })]
  source.write(0, new Uint8Array(bytes).fill(5))
  const uffd = vmarea.Userfaultfd.create()
  remember(state, [destination.start, bytes])
  uffd.register(destination.start, bytes)
  state.last = 'Userfaultfd.move'
  uffd.move(destination.start, source.start, bytes)
  if (destination.read(0, new Uint8Array(bytes)).some((byte) => byte !== 5))
    throw new Error('pages that were moved do not read as before')
  for (const value of [source, destination, uffd]) state.add(value)
}

// A plain access of bytes, permitted or not, inside `access` or outside.
function touch(state: FuzzState): void {
  const { random, objects } = state
  const mappings = objects.filter((value) => 'view' in value) as vmarea.MmapMut[]
  if (mappings.length === 0) return
  const mapping = random.pick(mappings)
  if (state.isCaught(mapping.start, mapping.end)) return
  const at = random.below(mapping.size)
  const body = (bytes: Uint8Array) => {
    const index = at % bytes.length
    if (random.chance(0.3)) bytes[index] = 7
    return bytes[index]
  }
  if (random.chance(0.5)) body(mapping.view(at, Math.min(64, mapping.size - at)))
  else mapping.access((bytes) => body(bytes as Uint8Array), at, Math.min(64, mapping.size - at))
}

function look(state: FuzzState): void {
  const { mm } = vmarea.thisProcess()
  using user = mm.mmgetNotZero()!
  using guard = user.mmapReadLock()
  const area = guard.vmaLookup(address(state))
  if (area === undefined) return
  // This thread holds a lock during the call.
  callAnything(state)
  void [area.flags, area.path, area.usage(), String(area)]
}

function openUserfaultfd(state: FuzzState): void {
  const uffd = vmarea.Userfaultfd.create({ features: state.random.chance(0.3) ? ['thread_id'] : [] })
  state.add(uffd)
  const [start, bytes] = toRegister(state)
  remember(state, [start, bytes])
  uffd.register(start, bytes)
}

function open(state: FuzzState): void {
  const { random } = state
  const source = random.pick(['guard', 'userfaultfd', undefined] as const)
  const behaviour = random.pick(['fills', 'fills', 'fills', 'throws', 'never answers', 'ends', 'rejects'])
  state.wait(vmarea.openDevice(driver, { driver: { behaviour }, timeout: 200, ...(source && { source }) }))
}

function swap(state: FuzzState): void {
  const memory = vmarea.mapMut({ length: 16 * state.pageSize })
  const opening = vmarea.openSwap(memory, { store: memoryStore(), residentLimit: 8 * state.pageSize, timeout: 500 })
  state.add(memory)
  state.wait(opening)
}

// A mapping too large for its pages to be populated, which no random call may try: it is used here and unmapped.
function large(state: FuzzState): void {
  const { random, pageSize } = state
  const size = 2 ** (27 + random.below(20))
  using mapping = vmarea.mapMut({ length: size, noReserve: true })
  const at = random.below(size / pageSize) * pageSize
  mapping.write(at, new Uint8Array(10).fill(1))
  using rest = at > 0 ? mapping.splitOff(at) : undefined
  const read = (rest ?? mapping).read(0, new Uint8Array(10))
  if (read.some((byte) => byte !== 1)) throw new Error(`a mapping of ${size} bytes reads ${read}`)
}

// A time limit of `vm` ends a function inside `access`. Never deep in the stack: Node itself ends the process there when it makes the context.
function cutShort(): void {
  const mapping = vmarea.map({ length: 4096 })
  const enter = () =>
    mapping.access(() => {
      for (;;);
    })
  runInNewContext('enter()', { enter }, { timeout: 2 })
}

function dispose(state: FuzzState): void {
  const { random, objects } = state
  if (objects.length === 0) return
  const [target] = objects.splice(random.below(objects.length), 1)
  // Otherwise the collector ends it.
  if (random.chance(0.4)) return
  const end = Reflect.get(target!, Symbol.dispose) ?? Reflect.get(target!, Symbol.asyncDispose)
  if (typeof end !== 'function') return
  const ended = Reflect.apply(end, target, [])
  if (ended instanceof Promise) state.wait(ended)
}

// Calls `call` where the stack is almost full.
function dive(call: () => void): void {
  try {
    dive(call)
  } catch (error) {
    if (!(error instanceof RangeError && error.message.startsWith('Maximum call stack'))) throw error
    call()
  }
}

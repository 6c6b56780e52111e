import * as vmarea from 'vmarea'
import { type DeviceContext, defineDevice } from 'vmarea/device'
import { Guest } from 'vmarea/guests'
import { Machine } from 'vmarea/model'
import { memoryStore } from 'vmarea/stores'

const PAGE = 4096

/** A method on one object, and arguments that its types allow. */
export interface MethodCall {
  readonly call: (...args: never[]) => unknown
  readonly usual: readonly unknown[]
}

/** Methods whose arguments mean something in a hook of a driver alone, where a test of devices calls them, or are no values. */
export const apart: readonly RegExp[] = [
  // Made by the package, of objects of its own.
  /\.constructor$/,
  // In a hook: tests of devices call them.
  /^(VmaMixedMap|VmFault)\./,
  // What a name is no flag of.
  /^NamedBits\.has$/,
  // Checked by the store's own open, or as options.
  /^PageStoreDefinition\.open$/,
]

/** The calls on an address space of one kernel, by what `exportedMethods` names them. */
export async function methodCalls(process: vmarea.Process): Promise<Map<string, MethodCall>> {
  const shared = process.mapMut({ length: 4 * PAGE, shared: true })
  const readOnly = process.map({ length: 4 * PAGE })
  const none = process.mapNone({ length: 4 * PAGE })
  const reserved = process.reserve({ length: 4 * PAGE })
  const reservedMut = process.reserveMut({ length: 4 * PAGE })
  const reservedNone = process.reserveNone({ length: 4 * PAGE })
  const user = process.mm.mmgetNotZero()!
  const file = process.memfd('arguments', { size: 4 * PAGE })
  const bytes = new Uint8Array(PAGE)
  const messages = new vmarea.UffdMessages(4)
  const machine = new Machine()
  const modelled = machine.spawn()
  const { device, context } = await deviceOf()
  const swap = await modelled.openSwap(modelled.mapMut({ length: 4 * PAGE }), {
    store: memoryStore({ compression: 'none' }),
  })
  const offer = await vmarea.offerStatistics()
  const page = context.page()
  // Only a running monitor has a guest: what comes first is the check.
  const guest: Guest = Object.create(Guest.prototype)

  const calls = new Map<string, MethodCall>()
  const add = <Of extends object>(name: string, object: Of, usual: Readonly<Record<string, readonly unknown[]>>) => {
    for (const [method, args] of Object.entries(usual))
      calls.set(`${name}.${method}`, {
        call: (...given) => (object[method as keyof Of] as (...args: unknown[]) => unknown).apply(object, given),
        usual: args,
      })
  }

  const range = [0, PAGE]
  const ranges = (...names: string[]) => Object.fromEntries(names.map((name) => [name, range]))
  add('MappedRange', shared, {
    ...ranges('lock', 'unlock', 'populate', 'resident', 'residentRuns', 'residentRunsSync'),
    ...ranges('flush', 'flushSync', 'flushAsync'),
    advise: ['willneed', ...range],
  })
  add('Mapping', none, { splitOff: [PAGE], splitTo: [PAGE], merge: [none] })
  add('ReadableMapping', shared, {
    view: range,
    read: [0, bytes],
    readAsync: [0, bytes],
    wait: [0, 1, { timeout: 0 }],
    waitAsync: [0, 1, { timeout: 0 }],
    notify: [0, 1],
    access: [() => 0, ...range],
  })
  add('MmapMut', shared, { write: [0, bytes], writeAsync: [0, bytes], allocate: range, resize: [4 * PAGE] })
  add('Mmap', readOnly, { resize: [4 * PAGE] })
  add('MmapNone', none, { resize: [4 * PAGE] })
  add('Reserved', reserved, ranges('commit', 'decommit'))
  add('ReservedMut', reservedMut, {
    ...ranges('commit', 'decommit'),
    write: [0, bytes],
    writeAsync: [0, bytes],
  })
  add('ReservedNone', reservedNone, ranges('commit', 'decommit'))

  calls.set('Mm.of', { call: vmarea.Mm.of, usual: [globalThis.process.pid] })
  add('MmWithUser', user, {
    lockVmaUnderRcu: [shared.start],
    readMemory: [shared.start, bytes],
    advise: [shared.start, PAGE, 'willneed'],
  })
  const underGuard = (call: (guard: vmarea.MmapReadGuard) => unknown) => {
    const guard = user.mmapReadLock()
    try {
      return call(guard)
    } finally {
      guard.release()
    }
  }
  calls.set('MmapReadGuard.vmaLookup', {
    call: (address: bigint) => underGuard((guard) => guard.vmaLookup(address)),
    usual: [shared.start],
  })
  calls.set('VmaRef.zapPageRangeSingle', {
    call: (address: bigint, size: number) =>
      underGuard((guard) => guard.vmaLookup(shared.start)!.zapPageRangeSingle(address, size)),
    usual: [shared.start, PAGE],
  })

  add('MemoryFile', file, { truncate: [4 * PAGE] })
  add('Process', process, { memfd: ['name'] })
  add('Device', device, ranges('ready', 'prefetch', 'invalidate'))
  add('DeviceContext', context, ranges('invalidate'))
  add('Page', page, { readRaw: [bytes, 0, PAGE], writeRaw: [bytes, 0, PAGE], fillZeroRaw: range })
  add('Swap', swap, { setResidentLimit: [1 << 20] })
  add('StatisticsOffer', offer, { add: ['device', device], remove: ['device'] })
  add('Guest', guest, { saveDiff: ['/nowhere/diff'] })
  add('ModelledMachine', machine, { writeFile: ['/file', bytes], readFile: ['/file'] })
  add('ModelledProcess', modelled, {
    brk: [0n],
    coreDump: [0],
  })
  const index = [0]
  add('UffdMessages', messages, {
    ...Object.fromEntries(
      ['code', 'isFault', 'flags', 'isWrite', 'isWriteProtected', 'isMinor', 'threadId', 'descriptor'].map((name) => [
        name,
        index,
      ]),
    ),
    address: [0, PAGE],
    start: index,
    end: index,
    length: index,
  })

  let userfaultfd: vmarea.Userfaultfd | undefined
  try {
    userfaultfd = process.userfaultfd()
  } catch {
    // The machine refuses it: the model's is tried all the same.
  }
  if (userfaultfd !== undefined) {
    const start = none.start
    add('Userfaultfd', userfaultfd, {
      register: [start, PAGE],
      unregister: [start, PAGE],
      copy: [start, PAGE, bytes],
      zero: [start, PAGE, true],
      continue: [start, PAGE],
      poison: [start, PAGE, true],
      move: [start, shared.start, PAGE],
      writeProtect: [start, PAGE, true, true],
      wake: [start, PAGE],
      written: [start, PAGE],
      readEvents: [messages],
      waitEvents: [messages, 0],
      unanswered: [globalThis.process.pid],
      send: ['/nowhere/socket'],
    })
  }
  return calls

  async function deviceOf(): Promise<{ device: vmarea.Device; context: DeviceContext }> {
    let context: DeviceContext | undefined
    const driver = defineDevice((_options, given) => {
      context = given
      return { size: 8192, fault() {} }
    })
    const device = await new Machine().spawn().openDevice(driver)
    return { device, context: context! }
  }
}

/** Waits for a promise, the first of an iterator, or nothing. */
export async function outcomeOf(value: unknown): Promise<void> {
  const result = await value
  const iterator = result as Partial<AsyncIterator<unknown>> | null | undefined
  if (typeof iterator?.next === 'function') await iterator.next()
}

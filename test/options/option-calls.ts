import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as vmarea from 'vmarea'
import { conformance, pageStoreConformance } from 'vmarea/conformance'
import { packFile } from 'vmarea/devices/blocks'
import {
  driverSource,
  Guest,
  type Guests,
  httpSource,
  listenForGuests,
  moduleSource,
  packedSource,
  storeSource,
  zeroSource,
} from 'vmarea/guests'
import { Machine } from 'vmarea/model'
import { fileStore, memoryStore, tieredStore } from 'vmarea/stores'
import { redisStore } from 'vmarea/stores/redis'
import { checkBlocksOptions } from '#vmarea/devices/blocks/options/check-blocks-options.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'

export type Options = Record<string, unknown>

/** The functions that take an interface of options, and the options that they can't do without. */
export interface OptionCalls {
  readonly least: Options
  readonly calls: Readonly<Record<string, (options: never) => unknown>>
}

const driver = pathToFileURL(temporaryFile('export default undefined'))
const packed = temporaryFile(Buffer.alloc(4096))
const socket = join(temporaryFolder, 'socket')
const output = join(temporaryFolder, 'packed')
const spawn = () => new Machine().spawn()
const device = await spawn().openDevice(vmarea.defineDevice(() => ({ size: 8192, fault() {} })))
const shared = vmarea.mapMut({ length: 4096, shared: true })
const modelShared = spawn().mapMut({ length: 4096, shared: true })
const userfaultfd = spawn().userfaultfd()
const page = new Uint8Array(4096)
// They check their options first, and only a running monitor has a guest.
const guest: Guest = Object.create(Guest.prototype)
const guard = () => vmarea.Mm.of(process.pid).mmgetNotZero()!.mmapReadLock()
const store = memoryStore({ compression: 'none' })

/** By the name of the interface. */
export const optionCalls: Readonly<Record<string, OptionCalls>> = {
  AreaRange: {
    least: {},
    calls: {
      areas(options) {
        using held = guard()
        held.areas(options)
      },
    },
  },
  BlocksOptions: {
    least: { path: packed },
    calls: {
      // What the driver calls on its thread, to which openDevice clones the options.
      'the device blocks': (options) => checkBlocksOptions(options, 'the device blocks'),
    },
  },
  ConformanceOptions: {
    least: { test: () => {}, factory: spawn, capabilities: [] },
    calls: { conformance: (options) => conformance(options) },
  },
  DeviceMapOptions: { least: {}, calls: { 'device.map': (options) => device.map(options) } },
  DeviceOptions: { least: {}, calls: { openDevice: (options) => vmarea.openDevice(driver, options) } },
  FileStoreOptions: { least: {}, calls: { fileStore: (options) => fileStore(options) } },
  GuestsOptions: { least: {}, calls: { listenForGuests: (options) => closed(listenForGuests(socket, options)) } },
  HttpOptions: { least: { url: 'http://127.0.0.1:1/' }, calls: { httpSource: (options) => httpSource(options) } },
  InstallOptions: {
    least: {},
    calls: {
      'copy of a userfaultfd': (options) => userfaultfd.copy(0n, 4096, page, options),
      'continue of a userfaultfd': (options) => userfaultfd.continue(0n, 4096, options),
    },
  },
  MachineOptions: { least: {}, calls: { 'new Machine': (options) => new Machine(options) } },
  MemoryFileOptions: { least: {}, calls: { memfd: (options) => vmarea.memfd('name', options) } },
  MemoryStoreOptions: { least: {}, calls: { memoryStore: (options) => memoryStore(options) } },
  MmapOptions: {
    least: { length: 4096 },
    calls: {
      map: (options) => vmarea.map(options),
      mapMut: (options) => vmarea.mapMut(options),
      mapNone: (options) => vmarea.mapNone(options),
      reserveMut: (options) => vmarea.reserveMut(options),
      'map of the model': (options) => spawn().map(options),
    },
  },
  PackOptions: { least: {}, calls: { packFile: (options) => packFile(packed, output, options) } },
  PageStoreConformanceOptions: {
    least: { test: () => {}, open: () => undefined },
    calls: { pageStoreConformance: (options) => pageStoreConformance(options) },
  },
  RedisStoreOptions: {
    least: { nodes: ['redis://127.0.0.1:7000'] },
    calls: { redisStore: (options) => redisStore(options) },
  },
  ServeOptions: { least: {}, calls: { serve: (options) => guest.serve(zeroSource(4096), options) } },
  SpawnOptions: { least: {}, calls: { spawn: (options) => new Machine().spawn(options) } },
  StoreSourceOptions: { least: { size: 4096 }, calls: { storeSource: (options) => storeSource(store, options) } },
  SwapOptions: {
    least: { store },
    calls: {
      openSwap: (options) => {
        const modelled = spawn()
        return modelled.openSwap(modelled.mapMut({ length: 8192 }), options)
      },
    },
  },
  TieredStoreOptions: {
    least: { limit: 4096 },
    calls: { tieredStore: (options) => tieredStore(store, fileStore(), options) },
  },
  UserfaultfdOptions: { least: {}, calls: { userfaultfd: (options) => spawn().userfaultfd(options) } },
  WaitOptions: {
    least: {},
    calls: {
      // The word is 0, so that no call waits.
      wait: (options) => shared.wait(0, 1, options),
      waitAsync: (options) => shared.waitAsync(0, 1, options),
      'wait of the model': (options) => modelShared.waitAsync(0, 1, options),
    },
  },
  ZeroSourceOptions: { least: {}, calls: { zeroSource: (options) => zeroSource(4096, options) } },
  WriteOptions: { least: {}, calls: { 'packFile, which writes': (options) => packFile(packed, output, options) } },
}

/** By what `optionsInSignatures` calls them; each with the type of its members. */
export const callsWithOptionsInPlace: Readonly<
  Record<string, OptionCalls & { readonly members: Readonly<Record<string, string>> }>
> = {
  'dirty(options)': { least: {}, members: { reset: 'boolean' }, calls: { dirty: (options) => guest.dirty(options) } },
  'driverSource(of)': {
    least: {},
    members: { identity: 'string' },
    calls: { driverSource: (options) => driverSource(driver, {}, options) },
  },
  'fromRawDescriptor(options)': {
    least: {},
    members: { setNonblocking: 'boolean', whenServerEnds: "'poison' | 'wait'" },
    calls: { fromRawDescriptor: (options) => vmarea.Userfaultfd.fromRawDescriptor(0, options) },
  },
  'moduleSource(of)': {
    least: {},
    members: { identity: 'string' },
    calls: { moduleSource: (options) => moduleSource(driver, {}, options) },
  },
  'move(options)': {
    least: {},
    members: { wake: 'boolean', allowSourceHoles: 'boolean' },
    calls: { 'move of a userfaultfd': (options) => userfaultfd.move(0n, 4096n, 4096, options) },
  },
  'packedSource(options)': {
    least: {},
    members: { cache: 'number' },
    calls: { packedSource: (options) => packedSource(packed, options) },
  },
  'pages(range)': {
    least: {},
    members: { from: 'bigint', to: 'bigint' },
    calls: {
      pages(options) {
        using held = guard()
        held.pages(options).next()
      },
    },
  },
  'ready(options)': {
    least: {},
    members: { signal: 'AbortSignal' },
    calls: { 'device.ready': (options) => device.ready(0, 4096, options) },
  },
  'saveDiff(options)': {
    least: {},
    members: { reset: 'boolean' },
    calls: { saveDiff: (options) => guest.saveDiff(output, options) },
  },
  'support(options)': {
    least: {},
    members: { userModeOnly: 'boolean' },
    calls: { support: (options) => vmarea.Userfaultfd.support(options) },
  },
  'takeOver(of)': {
    least: { pid: 1 },
    members: { pid: 'number', state: 'string', regions: 'list' },
    calls: { takeOver: (options) => whileListening((guests) => guests.takeOver(options)) },
  },
}

async function whileListening(call: (guests: Guests) => Promise<unknown>): Promise<void> {
  const guests = await listenForGuests(socket)
  try {
    await call(guests)
  } finally {
    await guests.close()
  }
}

async function closed(opening: Promise<Guests>): Promise<void> {
  await (await opening).close()
}

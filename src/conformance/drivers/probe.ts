import { defineDevice } from '../../device/define-device.js'
import type { DeviceHooks } from '../../device/device-hooks.js'
import type { VmFault } from '../../device/vm-fault.js'
import type { RawWriteback as Writeback } from '../../kernel/raw-writeback.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { PROBE, PROBE_HEAD, type ProbeOptions } from './probe-options.js'

/** The driver of the suite. It does what its options say, and writes the request into each page that it fills. */
export default defineDevice<ProbeOptions>((options, device) => {
  const { pageSize } = device
  const { setUp = [], insert = [], refuse, fault = 'at once', brokenWith = 'Error', forgetAt, pageMkwrite } = options
  const broken = new Map(options.broken)
  let [opens, maps, fills, writes, given, givenLast] = [0, 0, 0, 0, 0, 0]
  let { refusals = 0 } = options
  const kept = new Map<number, Uint8Array>()

  const fill = ({ offset, bytes }: Pick<VmFault, 'offset' | 'bytes'>) => {
    const run = bytes.length / pageSize
    for (let index = 0; index < run; index++) {
      const page = offset / pageSize + index
      const part = bytes.subarray(index * pageSize, (index + 1) * pageSize).fill(page)
      const own = kept.get(page)
      if (own !== undefined) {
        part.set(own)
        continue
      }
      const head = new DataView(part.buffer, part.byteOffset, PROBE_HEAD)
      for (const [name, value] of Object.entries({ page, fills, run, opens, maps, writes, given, givenLast })) {
        head.setUint32(4 * PROBE[name as keyof typeof PROBE], value, true)
      }
    }
  }

  const hooks: DeviceHooks = {
    open() {
      opens++
      return options.hangs ? new Promise<void>(() => {}) : undefined
    },
    mmap(vma) {
      maps++
      for (const call of setUp) vma[call]()
      for (const [index, byte] of insert) {
        const page = device.page()
        page.bytes.fill(byte)
        vma.asMixedmapVma()!.vmInsertPage(vma.start + BigInt(index * pageSize), page)
      }
      if (refuse === 'VmError') throw new VmError('EBUSY', 'mmap')
      if (refuse === 'Error') throw new RangeError('the driver does not want to')
    },
  }
  if (options.size !== undefined) Object.assign(hooks, { size: options.size })
  if (options.close !== undefined) {
    hooks.close = () => {
      if (options.close === 'throws') throw new RangeError('the driver does not want to')
      return new Promise(() => {})
    }
  }
  if (pageMkwrite !== undefined) {
    hooks.pageMkwrite = () => {
      writes++
      if (pageMkwrite === 'refuse') throw new VmError('ENOSPC', 'page_mkwrite')
    }
  }
  if (options.writeback !== undefined) {
    const keep = ({ offset, bytes }: Writeback) => {
      if (refusals > 0) {
        refusals--
        throw new VmError('ENOSPC', 'write')
      }
      given += Math.ceil(bytes.length / pageSize)
      givenLast = bytes.length
      for (let at = 0; at < bytes.length; at += pageSize) {
        kept.set((offset + at) / pageSize, bytes.slice(at, at + pageSize))
      }
    }
    hooks.writeback = keep
    if (options.writeback === 'later') {
      hooks.writeback = async (writeback) => {
        await new Promise((resolve) => setTimeout(resolve, 2))
        keep(writeback)
      }
    }
    if (options.writeback === 'never') hooks.writeback = () => new Promise(() => {})
  }
  if (fault === 'none') return hooks
  const answer = (asked: VmFault) => {
    fills++
    const first = asked.offset / pageSize
    const left = broken.get(first) ?? 0
    if (left > 0) {
      broken.set(first, left - 1)
      throw brokenWith === 'VmError' ? new VmError('ENOSPC', 'read') : new RangeError(`page ${first} is broken`)
    }
    if (first === forgetAt) device.invalidate(0, 1)
    if (fault === 'with its own page') {
      const page = device.page()
      fill({ offset: asked.offset, bytes: page.bytes })
      asked.answer(page)
    } else if (fault === 'by inserting its own page') {
      const page = device.page()
      fill({ offset: asked.offset, bytes: page.bytes })
      using guard = asked.vma!.mm.mmapReadLock()
      guard.vmaLookup(asked.address!)!.asMixedmapVma()!.vmInsertPage(asked.address!, page)
    } else {
      fill(asked)
    }
  }
  hooks.fault = answer
  if (fault === 'later') {
    hooks.fault = async (asked) => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      answer(asked)
    }
  }
  if (fault === 'never') {
    hooks.fault = (asked) => {
      if (asked.offset > 0) return answer(asked)
      return new Promise(() => {})
    }
  }
  return hooks
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { ProbeSetUp } from '#vmarea/conformance/drivers/probe-options.js'
import { openDevice, pageSize, thisProcess, VM, VM_FLAG_CODES, type VmFlagName } from '#vmarea/index.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { root } from '../support/root.js'

const page = pageSize()
const driver = pathToFileURL(join(root, 'dist', 'conformance', 'drivers', 'probe.js'))

/** The rows of docs/drivers.md: what a method sets or clears, and who holds that on Linux. */
const rows = [
  ...readFileSync(join(root, 'docs', 'drivers.md'), 'utf8').matchAll(
    /^\| `(\w+)\(\)` +\| (clears )?`VM_(\w+)` +\| the (kernel|library) +\|/gm,
  ),
].map(([, call, clears, flag, holder]) => ({
  call: call as ProbeSetUp,
  clears: clears !== undefined,
  flag: flag as VmFlagName,
  holder: holder as 'kernel' | 'library',
}))

test('the table of flags has all that VmaNew sets and clears', () => {
  assert.equal(rows.length, 8)
})

for (const { call, clears, flag, holder } of rows) {
  test(`${call}: VM_${flag} is ${clears ? 'cleared' : 'set'}, and the ${holder} holds it`, async () => {
    await using device = await openDevice(driver, { driver: { size: page, setUp: [call] } })
    const region = device.asRaw().map(0n, page, PROT.NONE, MAP.PRIVATE, 0)
    try {
      using user = thisProcess().mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      const shown = (guard.vmaLookup(region.start)!.flags & VM[flag]) !== 0n
      assert.equal(shown, !clears, 'what flags shows')
      assert.equal(kernelFlags(region.start).includes(VM_FLAG_CODES[flag]!), holder === 'kernel' ? !clears : clears)
    } finally {
      region.unmap()
    }
  })
}

/** The two-letter codes that the kernel itself has for an area. */
function kernelFlags(start: bigint): string[] {
  const smaps = readFileSync('/proc/self/smaps', 'latin1')
  const area = smaps.indexOf(`\n${start.toString(16).padStart(8, '0')}-`)
  assert.notEqual(area, -1, 'the area is in smaps')
  return /VmFlags: (.*)/.exec(smaps.slice(area))![1]!.trim().split(' ')
}

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { LinuxAddressSpace } from '#vmarea/linux/areas/linux-address-space.js'
import type { LinuxArea } from '#vmarea/linux/areas/linux-area.js'
import { COVERING_OR_NEXT, procmapQuery } from '#vmarea/linux/proc/procmap-query.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { codesOfFlags } from '#vmarea/vocabulary/vm-flag-codes.js'
import { settled } from '../support/settled.js'
import { until } from '../support/until.js'
import { listByHand } from './list-by-hand.js'
import { bringInPages, calls, mapRaw, PAGE, unmapAll } from './raw-maps.js'

const ALL = 1n << 64n
const own = new LinuxAddressSpace('self')
const byText = new LinuxAddressSpace('self', { procmapQuery: false })
const folder = mkdtempSync(join(tmpdir(), 'vmarea-see-'))
const children: ChildProcess[] = []

afterEach(() => unmapAll())
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

function permissionsOf({ readable, writable, executable, shared }: LinuxArea): string {
  return `${readable ? 'r' : '-'}${writable ? 'w' : '-'}${executable ? 'x' : '-'}${shared ? 's' : 'p'}`
}

function flagsAt(address: bigint): string {
  return codesOfFlags(own.lookup(address)!.flags).join(' ')
}

/** Starts a program that stays, and waits until it runs. */
async function start(command: string, ...args: string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] })
  children.push(child)
  await once(child, 'spawn')
  await settled(child.pid!)
  return child.pid!
}

/** Stops a program, and waits until each of its threads stands. */
async function stopAll(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  const stands = (thread: string) => readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1').includes(') T ')
  await until(`process ${pid} stops`, () => readdirSync(`/proc/${pid}/task`).every(stands))
}

const maps = openSync('/proc/self/maps', 'r')
const canQuery = procmapQuery(maps, 0n, COVERING_OR_NEXT) !== 'unsupported'
closeSync(maps)
const page = Number(PAGE)
const anonymous = MAP.PRIVATE
const AREAS = 10_000

test('the flags of each kind of mapping are those the kernel is known to give', () => {
  const readOnly = openSync(join(folder, 'file'), 'w+')
  writeFileSync(readOnly, Buffer.alloc(2 * page))
  const descriptor = openSync(join(folder, 'file'), 'r')
  const kinds: [name: string, address: bigint, flags: string][] = [
    ['anonymous', mapRaw(1, anonymous), 'rd wr mr mw me ac'],
    ['read-only', mapRaw(1, anonymous, { protection: PROT.READ }), 'rd mr mw me'],
    ['no access', mapRaw(1, anonymous, { protection: PROT.NONE }), 'mr mw me'],
    ['executable', mapRaw(1, anonymous, { protection: PROT.READ | PROT.EXEC }), 'rd ex mr mw me'],
    ['shared anonymous', mapRaw(1, MAP.SHARED), 'rd wr sh mr mw me ms'],
    ['not reserved', mapRaw(1, anonymous | MAP.NORESERVE), 'rd wr mr mw me nr'],
    ['stack', mapRaw(1, anonymous | MAP.STACK), 'rd wr mr mw me ac nh'],
    ['shared map of a read-only file', mapRaw(1, MAP.SHARED, { protection: PROT.READ, descriptor }), 'rd mr me ms'],
    ['private map of a read-only file', mapRaw(1, MAP.PRIVATE, { protection: PROT.READ, descriptor }), 'rd mr mw me'],
    ['private writable map of it', mapRaw(1, MAP.PRIVATE, { descriptor }), 'rd wr mr mw me ac'],
    ['shared writable map', mapRaw(1, MAP.SHARED, { descriptor: readOnly }), 'rd wr sh mr mw me ms'],
  ]
  closeSync(descriptor)
  closeSync(readOnly)
  for (const [name, address, flags] of kinds) {
    const shown = flagsAt(address).split(' ')
    // A stack is `nh` from Linux 6.7 on.
    const ignored = ['hg', 'sd', ...(name === 'stack' && shown.includes('nh') ? [] : ['nh'])]
    const left = shown.filter((code) => !ignored.includes(code))
    assert.deepEqual(
      left,
      flags.split(' ').filter((code) => !ignored.includes(code)),
      name,
    )
  }
})

test('advice that sets a flag shows in the flags, and in the code the kernel prints', () => {
  const pairs: [advice: number, code: string][] = [
    [MADV.DONTFORK, 'dc'],
    [MADV.DONTDUMP, 'dd'],
    [MADV.WIPEONFORK, 'wf'],
    [MADV.SEQUENTIAL, 'sr'],
    [MADV.RANDOM, 'rr'],
    ...(existsSync('/sys/kernel/mm/transparent_hugepage') ? [[MADV.NOHUGEPAGE, 'nh'] as [number, string]] : []),
  ]
  for (const [advice, code] of pairs) {
    const address = mapRaw(1, anonymous | MAP.NORESERVE)
    assert.ok(!flagsAt(address).split(' ').includes(code))
    calls.madvise(address, Number(PAGE), advice)
    assert.ok(flagsAt(address).split(' ').includes(code), code)
  }
})

test('look-up is containment: the last byte is in, the end is not, a gap is nothing', () => {
  const address = mapRaw(3, anonymous)
  calls.munmap(address + PAGE, Number(PAGE))
  for (const space of [own, byText]) {
    assert.equal(space.lookup(address)!.start, address)
    assert.equal(space.lookup(address + PAGE - 1n)!.end, address + PAGE)
    assert.equal(space.lookup(address + PAGE), undefined)
    assert.equal(space.lookup(address + 2n * PAGE)!.start, address + 2n * PAGE)
    assert.equal(space.lookup(0n), undefined)
    assert.equal(space.lookup(ALL - 1n), undefined)
    assert.equal(space.lookup(0xffff_ffff_ff60_0000n), undefined, '[vsyscall] is listed and not found')
  }
})

test('the list, the look-up and the text agree on every area of real programs, and with a plain reading', async () => {
  const programs = [
    await start('sleep', '1000'),
    await start('sh', '-c', 'read x'),
    await start(process.execPath, '-e', 'process.stdin.resume()'),
  ]
  for (const pid of programs) {
    await stopAll(pid) // What a program does between two looks would be a difference.
    const space = new LinuxAddressSpace(pid)
    const text = new LinuxAddressSpace(pid, { procmapQuery: false })
    const expected = listByHand(pid)
    const listed = [...space.areas(0n, ALL, { usage: true })]
    const plain = [...text.areas(0n, ALL)]
    assert.equal(listed.length, expected.length)
    assert.equal(plain.length, expected.length)
    for (const [index, area] of listed.entries()) {
      const { fields, flags, name, device, permissions, ...record } = expected[index]!
      const seen = { start: area.start, end: area.end, offset: area.offset, inode: area.inode }
      assert.deepEqual(seen, record)
      assert.equal(permissionsOf(area), permissions)
      assert.equal(Buffer.from(area.pathBytes).toString('latin1'), name)
      assert.equal(
        `${area.deviceMajor.toString(16).padStart(2, '0')}:${area.deviceMinor.toString(16).padStart(2, '0')}`,
        device,
      )
      // Such as `dw`, which Linux 5.16 took away.
      const unknown = area.unknownFlagCodes ?? []
      assert.deepEqual(
        codesOfFlags(area.flags),
        flags.split(' ').filter((code) => !unknown.includes(code)),
      )
      assert.equal(area.usage().size, fields.get('Size'))
      assert.equal(area.usage().rss, fields.get('Rss'))
      assert.equal(area.usage().privateDirty, fields.get('Private_Dirty'))
      assert.equal(area.usage().locked, fields.get('Locked'))
      assert.equal(plain[index]!.start, area.start)
      assert.deepEqual(plain[index]!.pathBytes, area.pathBytes)
      assert.equal(plain[index]!.flags, area.flags)
      if (area.start >= 1n << 63n) continue
      const found = space.lookup(area.end - 1n)!
      assert.deepEqual(
        {
          start: found.start,
          end: found.end,
          offset: found.offset,
          inode: found.inode,
          permissions: found.permissions,
        },
        { ...seen, permissions: area.permissions },
      )
      assert.deepEqual(Buffer.from(found.pathBytes), Buffer.from(area.pathBytes))
      assert.equal(found.deviceMajor, area.deviceMajor)
      assert.equal(found.deviceMinor, area.deviceMinor)
    }
    space.close()
    text.close()
  }
})

test('a range gives the areas that overlap it, whole, also beyond the number that is asked for one by one', () => {
  const count = 100
  const start = mapRaw(count * 2, anonymous, { protection: PROT.NONE })
  for (let index = 0; index < count; index++) calls.mprotect(start + BigInt(index * 2) * PAGE, Number(PAGE), PROT.READ)
  for (const space of [own, byText]) {
    for (const [from, to, expected] of [
      [0, 2 * count, 2 * count],
      [0, 31, 31],
      [1, 34, 33],
      [5, 6, 1],
      [5, 5, 0],
    ] as const) {
      const areas = [...space.areas(start + BigInt(from) * PAGE, start + BigInt(to) * PAGE)]
      assert.equal(areas.length, expected)
      for (const [index, area] of areas.entries()) assert.equal(area.start, start + BigInt(from + index) * PAGE)
    }
    const [first] = space.areas(start + 1n, start + 2n)
    assert.equal(first!.end, start + PAGE)
  }
})

test('names of any bytes are returned raw, with a deleted file distinguished from a name with that suffix', () => {
  const names = [
    'new\nline',
    'back\\012slash',
    'both\n\\012',
    ' leading',
    'plain (deleted)',
    'caf\u00e9 \u{1f4a9}',
    'tab\t',
    '7f00-8f00 rw-p',
    '-',
    'VmFlags: rd',
  ]
  const files = names
    .map((name) => Buffer.from(name))
    .concat([Buffer.from([0xff, 0xfe, 0x41]), Buffer.from('x'.repeat(255))])
  const named = files.flatMap((name) => [true, false].map((unlinked) => [name, unlinked] as const))
  const addresses = named.map(([name, unlinked], index) => {
    const path = Buffer.concat([Buffer.from(join(folder, `d${index}`)), name])
    if (path.length - folder.length - 1 > 255) return { path: Buffer.from(''), unlinked, address: 0n }
    writeFileSync(path, Buffer.alloc(page, 1))
    const descriptor = openSync(path, 'r')
    const address = mapRaw(1, MAP.PRIVATE, { protection: PROT.READ, descriptor })
    closeSync(descriptor)
    if (unlinked) rmSync(path)
    return { path, unlinked, address }
  })
  for (const { path, unlinked, address } of addresses) {
    if (address === 0n) continue
    // The text writes a newline as `\\012`, and does not say which one it was: only the query of Linux 6.11 does.
    if (!canQuery && path.includes('\\012')) continue
    const raw = Buffer.concat([path, Buffer.from(unlinked ? ' (deleted)' : '')])
    const [listed] = [...own.areas(0n, ALL)].filter(({ start }) => start === address)
    for (const area of [own.lookup(address)!, listed!]) {
      assert.deepEqual(Buffer.from(area.pathBytes), raw)
      assert.equal(area.deleted, unlinked, raw.toString())
    }
    const [told] = byText.areas(address, address + 1n)
    if (!raw.includes('\\012')) assert.deepEqual(Buffer.from(told!.pathBytes), raw)
    assert.equal(told!.inode, own.lookup(address)!.inode)
  }
})

test('a file that was unlinked under the shown name is deleted, even if another name of it exists', async () => {
  const { linkSync } = await import('node:fs')
  const path = join(folder, 'one')
  writeFileSync(path, Buffer.alloc(page))
  linkSync(path, join(folder, 'other'))
  const descriptor = openSync(path, 'r')
  const address = mapRaw(1, MAP.SHARED, { protection: PROT.READ, descriptor })
  closeSync(descriptor)
  assert.equal(own.lookup(address)!.deleted, false)
  rmSync(path)
  assert.equal(own.lookup(address)!.deleted, true)
})

test('an area that has changed before its flags were asked for is stale, one that was asked is not', () => {
  const address = mapRaw(2, anonymous)
  const asked = own.lookup(address)!
  const flags = asked.flags
  const unasked = own.lookup(address)!
  const listed = [...own.areas(0n, ALL)].find(({ start }) => start <= address && address < start + PAGE)
  calls.mprotect(address, Number(PAGE), PROT.READ)
  assert.throws(() => unasked.flags, { code: 'ERR_VMAREA_STALE' })
  assert.throws(() => unasked.usage(), { code: 'ERR_VMAREA_STALE' })
  if (listed !== undefined) assert.throws(() => listed.flags, { code: 'ERR_VMAREA_STALE' })
  assert.equal(asked.flags, flags)
})

test('an area that only has another file now is stale as well', () => {
  const [one, other] = ['a', 'b'].map((name) => {
    writeFileSync(join(folder, name), Buffer.alloc(page))
    return openSync(join(folder, name), 'r')
  }) as [number, number]
  const address = mapRaw(1, MAP.SHARED, { protection: PROT.READ, descriptor: one })
  const area = own.lookup(address)!
  calls.mmap(address, Number(PAGE), PROT.READ, MAP.SHARED | MAP.FIXED, other, 0)
  assert.throws(() => area.flags, { code: 'ERR_VMAREA_STALE' })
  closeSync(one)
  closeSync(other)
})

test('usage follows what is touched', () => {
  const address = mapRaw(16, anonymous)
  const area = own.lookup(address)!
  const start = area.start
  const before = own.lookup(start)!.usage().rss!
  bringInPages(address, 8)
  assert.equal(own.lookup(start)!.usage().rss, before + 8 * page)
  assert.equal(area.usage().rss, before + 8 * page, 'an area that was found before reads it anew')
})

test('a process that has ended, never existed, or belongs to the kernel is distinguished from one without memory', async () => {
  const missing = Number(readFileSync('/proc/sys/kernel/pid_max', 'latin1')) + 1
  assert.throws(() => new LinuxAddressSpace(missing), { code: 'ESRCH' })

  const kernelThread = readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && isKernelThread(pid))
  if (kernelThread !== undefined) {
    const space = new LinuxAddressSpace(Number(kernelThread))
    assert.throws(() => space.tryGet(), { code: 'EINVAL', syscall: 'mmget_not_zero' })
    assert.throws(() => space.lookup(0x1000n), { code: 'ESRCH' })
    assert.throws(() => [...space.areas(0n, ALL)], { code: 'ESRCH' })
    space.close()
  }

  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  await once(child, 'spawn')
  const space = new LinuxAddressSpace(child.pid!)
  const text = new LinuxAddressSpace(child.pid!, { procmapQuery: false, pagemapScan: false })
  const [area] = space.areas(0n, ALL)
  assert.equal(space.tryGet(), true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  // Who looks into a process as it ends keeps its memory for that moment.
  await until('its memory is gone', () => !space.tryGet())
  for (const gone of [space, text]) {
    assert.equal(gone.tryGet(), false)
    assert.throws(() => gone.lookup(area!.start), { code: 'ESRCH' })
    assert.throws(() => [...gone.areas(0n, ALL)], { code: 'ESRCH' })
    assert.throws(() => [...gone.areas(0n, ALL, { usage: true })], { code: 'ESRCH' })
    assert.throws(() => [...gone.pages(0n, ALL)], { code: 'ESRCH' })
    assert.throws(() => gone.readMemory(area!.start, new Uint8Array(1)), { code: 'ESRCH' })
    assert.throws(() => gone.advise(area!.start, page, MADV.COLD), { code: 'ESRCH' })
  }
  assert.throws(() => area!.flags, { code: 'ESRCH' })
  space.close()
  text.close()
})

test('a process that runs another program has another address space', async () => {
  const child = spawn('sh', ['-c', 'read x; exec sleep 1000'], { stdio: ['pipe', 'ignore', 'ignore'] })
  children.push(child)
  await once(child, 'spawn')
  await untilRuns(child.pid!, 'sh')
  const space = new LinuxAddressSpace(child.pid!)
  const [area] = space.areas(0n, ALL)
  child.stdin!.write('\n')
  await untilRuns(child.pid!, 'sleep')
  await until('the memory of the first program is gone', () => !space.tryGet())
  assert.throws(() => area!.flags, { code: 'ESRCH' })
  assert.throws(() => [...space.pages(0n, ALL)], { code: 'ESRCH' })
  assert.equal(new LinuxAddressSpace(child.pid!).tryGet(), true)
})

test('the list of a process that ends meanwhile is whole, or an error, and never a part', async () => {
  const script = `
    const { mapNone, pageSize } = await import(${JSON.stringify(import.meta.resolve('#vmarea/index.js'))})
    const page = pageSize()
    // Reachable for good: memory of a mapping that is collected goes.
    const mapping = (globalThis.kept = mapNone({ length: 2 * ${AREAS} * page }))
    for (let index = 0; index < ${AREAS}; index++) mapping.advise('dontfork', index * 2 * page, page)
    console.log('ready')
    process.stdin.resume()`
  for (const options of [{}, { procmapQuery: false }]) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(child)
    await once(child.stdout, 'data')
    await stopAll(child.pid!)
    const space = new LinuxAddressSpace(child.pid!, options)
    const looks = [() => space.areas(0n, ALL), () => space.pages(0n, ALL)]
    const whole = looks.map((look) => [...look()].length)
    assert.ok(whole[0]! > AREAS)
    child.kill('SIGKILL')
    const outcomes = new Set<string>()
    await until('the process is gone', () => {
      // Asked before the looks, so that the last ones find it gone.
      const isGone = !space.tryGet()
      for (const [index, look] of looks.entries()) {
        try {
          const { length } = [...look()]
          outcomes.add(length === whole[index] ? 'whole' : `${length} of ${whole[index]}`)
        } catch (error) {
          outcomes.add((error as VmError).code)
        }
      }
      return isGone
    })
    outcomes.delete('whole')
    assert.deepEqual([...outcomes], ['ESRCH'])
    space.close()
  }
})

test("another user's process is refused, with the right that is missing", {
  skip: process.getuid?.() !== 0 && 'needs root, to become another user',
}, () => {
  const script = `
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    const { LinuxAddressSpace } = await import(${JSON.stringify(import.meta.resolve('#vmarea/linux/areas/linux-address-space.js'))})
    try { new LinuxAddressSpace(${process.pid}) } catch (error) { console.log(error.code, error.message) }`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.match(stdout, /^(EACCES|EPERM) .*CAP_SYS_PTRACE .*CAP_PERFMON/)
})

test("another process's memory is read up to the first page that can't be, and advised", async () => {
  const pid = await start('sleep', '1000')
  const space = new LinuxAddressSpace(pid)
  const areas = [...space.areas(0n, 1n << 63n)]
  const first = areas.find(({ inode }) => inode > 0n)!
  const bytes = new Uint8Array(4)
  assert.equal(space.readMemory(first.start, bytes), 4)
  assert.equal(Buffer.from(bytes).toString('latin1'), '\x7fELF')
  const last = areas.findIndex(
    (area, index) => area.readable && area.inode > 0n && areas[index + 1]?.start !== area.end,
  )
  if (last >= 0) {
    const { end } = areas[last]!
    assert.equal(space.readMemory(end - PAGE, new Uint8Array(2 * page)), page)
    assert.throws(
      () => space.readMemory(end, bytes),
      (error) => error instanceof VmError && error.code === 'EFAULT' && error.address === end,
    )
  }
  assert.equal(space.advise(first.start, page, MADV.COLD), page)
  assert.throws(() => space.advise(first.start, page, MADV.DONTNEED), { code: /^(EINVAL|EPERM)$/ })
  space.close()
})

test('after it was closed nothing is asked of a descriptor that may be another one by now', () => {
  const space = new LinuxAddressSpace('self')
  space.close()
  const descriptor = openSync('/proc/1/stat', 'r')
  assert.throws(() => space.lookup(0x1000n), { code: 'EBADF' })
  assert.throws(() => [...space.areas(0n, ALL)], { code: 'EBADF' })
  assert.throws(() => [...space.pages(0n, ALL)], { code: 'ERR_VMAREA_GUARD_RELEASED' })
  closeSync(descriptor)
})

function isKernelThread(pid: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[1] === '2' &&
      readFileSync(`/proc/${pid}/maps`).length === 0
    )
  } catch {
    return false
  }
}

async function untilRuns(pid: number, name: string): Promise<void> {
  await until(`process ${pid} runs ${name}`, () => {
    const [state] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === name && state === 'S'
  })
}

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { pageSize } from '#vmarea/index.js'
import type { Snapshot } from '#vmarea/snapshot/snapshot.js'
import { listByHand } from '../linux/list-by-hand.js'
import { ordinaryUser, skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { settled } from '../support/settled.js'
import { skipWithoutTerminal, Terminal } from '../support/terminal.js'
import { until } from '../support/until.js'
import { withoutUserfaultfd } from '../support/without-userfaultfd.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { MAIN, run } from './run.js'

const folder = mkdtempSync(join(tmpdir(), 'vmarea-command-'))
const children: ChildProcess[] = []
const sleeper = await start('sleep', ['1000'])

after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

async function start(command: string, args: string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  children.push(child)
  await once(child, 'spawn')
  await settled(child.pid!)
  return child.pid!
}

test('exit codes are those of the manual', () => {
  const cases: [args: string[], code: number, error: RegExp][] = [
    [['maps', String(sleeper)], 0, /^$/],
    [['--help'], 0, /^$/],
    [[], 2, /vmarea maps/],
    [['frob'], 2, /no command "frob"/],
    [['maps', '--frob'], 2, /--frob/],
    [['maps', '1.5'], 2, /"1.5" is no process number/],
    [['lookup', 'no such name', '0'], 3, /no process is named "no such name"/],
    [['lookup', 'self', 'xyz'], 2, /no address/],
    [['lookup', 'self', '0x11112222333344445'], 2, /no address/],
    [['lookup', 'self'], 2, /requires a process and an address/],
    [['watch', 'self', '--interval', '-1'], 2, /interval|argument/],
    [['diff', 'one'], 2, /two files/],
    [['diff', join(folder, 'none'), join(folder, 'none')], 2, /can't read/],
    [['maps', '4194305'], 3, /there is no process 4194305/],
    [['lookup', '4194305', '0'], 3, /there is no process 4194305/],
    [['watch', '4194305'], 3, /there is no process 4194305/],
    [['maps', '--save', join(folder, 'no', 'such', 'folder')], 1, /can't write/],
  ]
  for (const [args, code, error] of cases) {
    const result = run(...args)
    assert.equal(result.code, code, `${args.join(' ')}: ${result.err}`)
    assert.match(result.err, error, args.join(' '))
    if (code !== 0) assert.equal(result.out, '')
  }
})

test("another user's process is refused with code 4 and the right that is missing", {
  skip: process.getuid?.() !== 0 && 'needs root, to become another user',
}, () => {
  // The command is run by a Node that has given its rights away.
  const script = `process.setgroups([]); process.setgid(65534); process.setuid(65534); process.argv.splice(1, 1, 'vmarea', 'maps', '${process.pid}'); await import(${JSON.stringify(`file://${MAIN}`)})`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, 'x'], {
    encoding: 'utf8',
  })
  assert.equal(status, 4, stderr)
  assert.match(stderr, /CAP_SYS_PTRACE .*CAP_PERFMON/)
})

test('each command has help with an example', () => {
  for (const command of ['maps', 'lookup', 'watch', 'diff', 'doctor', 'pack']) {
    const { code, out } = run(command, '--help')
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^vmarea ${command}\\b.*: `))
    assert.match(out, new RegExp(`\n {2}vmarea ${command}\\b`))
    for (const line of out.split('\n')) assert.ok(line.length <= 80, line)
  }
})

test('maps --json has every area as the kernel lists it', async () => {
  // The kernel may take a page from it at any time: so the list must be the same before and after.
  const { out, expected } = await until('the list stands still', () => {
    const expected = listByHand(sleeper)
    const { out } = run('maps', String(sleeper), '--json')
    return isDeepStrictEqual(listByHand(sleeper), expected) && { out, expected }
  })
  const snapshot = JSON.parse(out) as Snapshot
  assert.equal(snapshot.version, 1)
  assert.equal(snapshot.pid, sleeper)
  assert.equal(snapshot.pageSize, pageSize())
  assert.ok(Math.abs(Date.parse(snapshot.time) - Date.now()) < 60_000)
  assert.deepEqual(
    snapshot.areas.map(({ start, end, permissions, offset, device, inode, flags, usage }) => ({
      start: BigInt(start),
      end: BigInt(end),
      permissions,
      offset: BigInt(offset),
      device,
      inode: BigInt(inode),
      flags: flags.join(' '),
      rss: usage.rss,
    })),
    expected.map(({ fields, name, ...area }) => ({ ...area, rss: fields.get('Rss') })),
  )
  for (const { start } of snapshot.areas) assert.match(start, /^0x[0-9a-f]+$/)
})

test('maps folds by object, --all does not, blanks stand for zeros, and the totals are the sums', () => {
  const areas = listByHand(sleeper)
  const all = run('maps', String(sleeper), '--all').out.split('\n')
  const listed = all.slice(1, all.indexOf(''))
  assert.equal(listed.length, areas.length)
  const folded = run('maps', String(sleeper)).out.split('\n')
  assert.ok(folded.indexOf('') < all.indexOf(''))
  assert.match(folded.join('\n'), /\*.* +\d+ \S*sleep$/m)
  for (const line of [...all, ...folded]) {
    assert.doesNotMatch(line, /\s0[BKM]?\s/)
    assert.ok(!line.includes('\u001b'), 'no colour in a pipe')
  }
  const bytes = run('maps', String(sleeper), '--bytes').out
  const total = areas.reduce((sum, { start, end }) => sum + (end - start), 0n)
  assert.match(bytes, new RegExp(`^all +${areas.length} +${total} `, 'm'))
  assert.doesNotMatch(run('maps', String(sleeper), '--all').out, /\(gap\)/)
  const gaps = run('maps', String(sleeper), '--all', '--gaps').out
  const expected = areas.filter(
    ({ start }, index) => start < 1n << 63n && index > 0 && start > areas[index - 1]!.end,
  ).length
  assert.equal(gaps.match(/\(gap\)/g)?.length, expected)
  assert.match(gaps, /largest gap \d/)
})

test('lookup prints the offset, the file offset, the neighbours, the reason for a boundary, and a gap', () => {
  const areas = listByHand(sleeper).filter(({ start }) => start < 1n << 63n)
  const second = areas.findIndex((area, index) => index > 0 && areas[index - 1]!.end === area.start && area.inode > 0n)
  const { start, offset, end } = areas[second]!
  const address = start + 0x123n
  const text = run('lookup', String(sleeper), address.toString(16)).out
  assert.match(text, /0x123 in the area/)
  assert.match(text, new RegExp(`0x${(offset + 0x123n).toString(16)} in the file`))
  assert.match(text, /below .*\n.*not merged: their flags differ/)
  const json = JSON.parse(run('lookup', String(sleeper), `0x${address.toString(16)}`, '--json').out) as Record<
    string,
    unknown
  >
  assert.equal((json.area as { end: string }).end, `0x${end.toString(16)}`)
  assert.equal(json.offset, '0x123')
  assert.ok(Array.isArray(json.page))
  const hole = areas.find((area, index) => areas[index + 1] !== undefined && areas[index + 1]!.start > area.end)!
  const nothing = run('lookup', String(sleeper), hole.end.toString(16))
  assert.equal(nothing.code, 0)
  assert.match(nothing.out, /mapped by nothing/)
  assert.match(nothing.out, /gap {4}\S+ between them/)
  assert.equal(JSON.parse(run('lookup', String(sleeper), hole.end.toString(16), '--json').out).area, null)
})

test('a snapshot is saved, shown again, and compared', () => {
  const [a, b] = [join(folder, 'a.json'), join(folder, 'b.json')]
  assert.equal(run('maps', String(sleeper), '--save', a).code, 0)
  const snapshot = JSON.parse(readFileSync(a, 'utf8')) as { areas: { start: string; permissions: string }[] }
  assert.equal(run('maps', '--from', a).out.split('\n')[1], run('maps', String(sleeper)).out.split('\n')[1])
  assert.match(run('diff', a, a).out, /^no change/)
  const [gone] = snapshot.areas.splice(2, 1)
  snapshot.areas[0]!.permissions = '---p'
  writeFileSync(b, JSON.stringify(snapshot))
  const { changes } = JSON.parse(run('diff', a, b, '--json').out) as { changes: { change: string; start: string }[] }
  assert.deepEqual(
    changes.map(({ change, start }) => [change, start]),
    [
      ['protected', snapshot.areas[0]!.start],
      ['unmapped', gone!.start],
    ],
  )
  assert.match(run('diff', a, b).out, /^protected .* -> ---p/m)
  for (const text of ['', '[]', '{}', '{"version":2}', '{"version":1,"pid":1,"areas":[{}]}', 'null']) {
    writeFileSync(b, text)
    const { code, err } = run('maps', '--from', b)
    assert.equal(code, 2, `${text}: ${err}`)
  }
})

test('watch prints each mapping and unmapping on a line, records them, and ends with the process', async () => {
  const library = import.meta.resolve('#vmarea/index.js')
  // At an address where neither the kernel nor the engine nor a sanitizer puts anything of its own choice. Each step waits until the one before was told.
  const [start, end] = ['0x234567890000', '0x234567f90000']
  const script = `
    const { mapMut } = await import(${JSON.stringify(library)})
    let mapping
    const steps = {
      map: () => { mapping = mapMut({ length: 7340032, address: ${start}n, fixed: 'noreplace' }) },
      protect: () => { mapping = mapping.makeReadOnly() },
      unmap: () => { mapping.unmap() },
      end: () => { process.exit() },
    }
    process.stdin.setEncoding('utf8').on('data', (step) => steps[step.trim()]())
    console.log('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
  const record = join(folder, 'record.ndjson')
  const watch = spawn(
    process.execPath,
    [MAIN, 'watch', String(child.pid), '--interval', '40', '--record', record, '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(watch)
  const exit = once(watch, 'close')
  let out = ''
  watch.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const entries = () =>
    out
      .slice(0, out.lastIndexOf('\n'))
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
  const told = (wanted: Record<string, string>) =>
    until(
      () => `${JSON.stringify(wanted)} in\n${out}`,
      () =>
        out.includes('\n') && entries().some((entry) => Object.keys(wanted).every((key) => entry[key] === wanted[key])),
    )
  await told({ pid: child.pid as never, version: 1 as never })
  child.stdin!.write('map\n')
  await told({ change: 'mapped', start, end, before: '', after: 'rw-p' })
  child.stdin!.write('protect\n')
  await told({ change: 'protected', start, end, before: 'rw-p', after: 'r--p' })
  child.stdin!.write('unmap\n')
  await told({ change: 'unmapped', start, end, before: 'r--p', after: '' })
  child.stdin!.write('end\n')
  const [code] = await exit
  assert.equal(code, 0)
  assert.equal(entries()[0]!.version as unknown, 1)
  assert.equal(entries().at(-1)!.change, 'gone')
  const recorded = readFileSync(record, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(recorded[0].list.length, recorded[0].areas)
  delete recorded[0].list
  const shown = recorded.filter((entry) => !('look' in entry))
  assert.ok(shown.length < recorded.length, 'the areas of each look that differ are recorded')
  assert.deepEqual(
    shown,
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  )
  const replayed = run('watch', '--replay', record)
  assert.equal(replayed.out.split('\n').length, out.split('\n').length)
  assert.match(replayed.out, /protected .*7M rw-p -> r--p/)
  writeFileSync(record, '{"x":1}\n')
  assert.equal(run('watch', '--replay', record).code, 2)
})

test('doctor names every capability, with what would allow what is missing', () => {
  const { code, out } = run('doctor', '--json')
  assert.equal(code, 0)
  const { capabilities, version } = JSON.parse(out) as {
    version: number
    capabilities: Capability[]
  }
  assert.equal(version, 1)
  const names = capabilities.map(({ name }) => name)
  for (const name of [
    'PROCMAP_QUERY',
    'PAGEMAP_SCAN',
    'smaps',
    'userfaultfd',
    'fault guard',
    'process_madvise',
    'other users',
    'locking memory',
    'device faults',
    'guard markers',
    'swap',
  ]) {
    assert.ok(names.includes(name), name)
  }
  for (const { name, available, remedy, found, limits } of capabilities) {
    assert.notEqual(found, '', name)
    if (limits !== undefined)
      assert.ok(available && remedy, `${name} works in part, and says what would allow the rest`)
    if (!available) assert.ok(remedy, `${name} says what would allow it`)
  }
  const text = run('doctor').out
  for (const name of names) assert.ok(text.includes(name))
  assert.match(text, /^(Fall-backs in use: |No fall-back)/m)
})

test('doctor PID names the thread that waits for a fault', { skip: skipWithout() }, async () => {
  // A thread that serves and never answers, and one that waits: a call that waits for its own thread is refused.
  const script = `
    import { Worker } from 'node:worker_threads'
    import { thisProcess } from ${JSON.stringify(import.meta.resolve('#vmarea/index.js'))}
    const { kernel, mm } = thisProcess()
    const start = kernel.calls.mmap(0n, kernel.pageSize, 3, 0x22, -1, 0)
    const serves = new Worker(\`(async () => {
      const { thisProcess } = await import(${JSON.stringify(import.meta.resolve('#vmarea/index.js'))})
      const { bindUserfaultfd } = await import(${JSON.stringify(import.meta.resolve('#vmarea/userfaultfd/bind-userfaultfd.js'))})
      const { kernel } = thisProcess()
      const userfaultfd = bindUserfaultfd(() => kernel).create()
      userfaultfd.register(\${start}n, kernel.pageSize, 'missing')
      const { parentPort } = await import('node:worker_threads')
      // Collected, it would poison the page.
      parentPort.on('message', () => userfaultfd.close())
      parentPort.postMessage('registered')
    })()\`, { eval: true })
    serves.once('message', () => {
      console.log('ready')
      mm.mmgetNotZero().readMemory(start, new Uint8Array(1))
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
  const found = await until('a thread of the child waits for a fault', () => {
    const { out } = run('doctor', String(child.pid), '--json')
    const seen = JSON.parse(out) as {
      threads: { threadId: number }[]
      userfaultfds: { waiting: number; unread: number }[]
    }
    // The two are looked at one after the other.
    return seen.threads.length > 0 && seen.userfaultfds.some(({ waiting }) => waiting > 0) && seen
  })
  assert.deepEqual(
    found.threads.map(({ threadId }) => threadId),
    [child.pid],
  )
  assert.ok(
    found.userfaultfds.some(({ waiting, unread }) => waiting === 1 && unread === 1),
    JSON.stringify(found),
  )
  assert.match(run('doctor', String(child.pid)).out, new RegExp(`thread ${child.pid} .*waits for a fault`))
  child.kill('SIGKILL')
  assert.match(run('doctor', String(sleeper)).out, /holds no userfaultfd/)
  assert.equal(run('doctor', '4194305').code, 3)
})

test('doctor without root says no, and does not fail', {
  skip: process.getuid?.() !== 0 && 'needs root, to become another user',
}, () => {
  const script = `process.setgroups([]); process.setgid(65534); process.setuid(65534); process.argv.splice(1, 1, 'vmarea', 'doctor', '--json'); await import(${JSON.stringify(`file://${MAIN}`)})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, 'x'], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  const { capabilities } = JSON.parse(stdout) as { capabilities: { name: string; available: boolean }[] }
  assert.equal(capabilities.find(({ name }) => name === 'other users')!.available, false)
})

interface Capability {
  readonly name: string
  readonly available: boolean
  readonly found: string
  readonly limits?: string
  readonly fallback?: string
  readonly remedy?: string
}

/** What doctor says of the faults of devices and of swap, and the source that a device then has, both in a process that is wrapped in a command. */
function deviceFaults(wrap: readonly string[]): { said: Capability; ofSwap: Capability; source: string } {
  const open = `
    const { openDevice } = await import(${JSON.stringify(import.meta.resolve('#vmarea/index.js'))})
    const device = await openDevice(${JSON.stringify(import.meta.resolve('#vmarea/conformance/drivers/probe.js'))}, { driver: {} })
    console.log(device.source)
    await device.close()`
  const node = (...args: string[]) => {
    const [command, ...rest] = [...wrap, process.execPath, ...args] as [string, ...string[]]
    const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return stdout
  }
  const { capabilities } = JSON.parse(node(MAIN, 'doctor', '--json')) as { capabilities: Capability[] }
  return {
    said: capabilities.find(({ name }) => name === 'device faults')!,
    ofSwap: capabilities.find(({ name }) => name === 'swap')!,
    source: node('--input-type=module', '-e', open).trim(),
  }
}

const skipOrdinary = skipUnlessOrdinaryUser()

test('doctor names the source that a device has, with all rights', { skip: skipWithout() }, () => {
  const { said, source } = deviceFaults([])
  assert.match(said.found, new RegExp(`^source: ${source}(;|$)`))
  assert.equal(said.available, true)
  assert.equal(said.limits === undefined, source === 'userfaultfd')
})

test('doctor names the source that a device of an ordinary user has, and what it can not do', {
  skip: skipOrdinary || skipWithout(),
}, () => {
  const { said, source } = deviceFaults(ordinaryUser)
  assert.ok(said.found.startsWith(`source: ${source}`), said.found)
  if (source === 'userfaultfd') return // Then the call is open to everybody.
  assert.equal(said.available, true)
  assert.match(said.found, /CAP_SYS_PTRACE/)
  assert.match(said.limits!, /EFAULT/)
  assert.match(said.remedy!, /userfaultfd/)
})

test('doctor names the guard where a seccomp filter refuses userfaultfd', {
  skip: skipOrdinary || skipWithoutCompiler(),
}, () => {
  const filter = withoutUserfaultfd()
  try {
    const { said, ofSwap, source } = deviceFaults([filter.path, ...ordinaryUser])
    assert.equal(source, 'guard')
    assert.match(ofSwap.found, /^source: guard; private pages leave in place.*seccomp/)
    assert.match(ofSwap.limits!, /EFAULT/)
    assert.match(said.found, /^source: guard; .*seccomp/)
    assert.match(said.limits!, /EFAULT.*without permission/)
    const [command, ...words] = [filter.path, ...ordinaryUser, process.execPath, MAIN, 'doctor'] as [
      string,
      ...string[],
    ]
    const { stdout } = spawnSync(command, words, { encoding: 'utf8' })
    for (const name of ['device faults', 'swap']) assert.match(stdout, new RegExp(`^part +${name} `, 'm'))
    assert.match(stdout, /In part: device faults, swap\./)
  } finally {
    filter.remove()
  }
})

test('a reader that has seen enough is no error', () => {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', `"${process.execPath}" "${MAIN}" maps ${sleeper} --all | head -1; exit $?`],
    { encoding: 'utf8' },
  )
  assert.equal(status, 0)
  assert.equal(stderr, '')
})

test('names with control characters do not reach the terminal', () => {
  const path = join(folder, 'evil\u001b[31m\nname')
  writeFileSync(path, Buffer.alloc(4096))
  const snapshot = JSON.parse(run('maps', String(sleeper), '--json').out) as { areas: { path: string }[] }
  snapshot.areas[0]!.path = path
  const file = join(folder, 'evil.json')
  writeFileSync(file, JSON.stringify(snapshot))
  const { out } = run('maps', '--from', file, '--all')
  assert.ok(out.includes('evil\\x1b[31m\\nname'))
  assert.ok(!out.includes('\u001b'))
})

test('in a terminal of 80 columns no line is cut or wrapped, and there is colour unless NO_COLOR says no', {
  skip: skipWithoutTerminal(),
}, async () => {
  const screens = async (command: string, ...captures: string[][]): Promise<string[]> => {
    // What stands in the last line tells that all before it is there.
    const terminal = new Terminal(`${command}; printf 'THE%s' END; sleep 1000`)
    try {
      await terminal.shows('the end', (screen) => screen.includes('THEEND'))
      return captures.map((options) => {
        const screen = terminal.screen(...options)
        return screen.slice(0, screen.lastIndexOf('THEEND')).trimEnd()
      })
    } finally {
      terminal.close()
    }
  }
  const command = `"${process.execPath}" "${MAIN}"`
  for (const args of [
    `maps ${sleeper} --all`,
    `lookup ${sleeper} ${listByHand(sleeper)[1]!.start.toString(16)}`,
    'doctor',
  ]) {
    // With -J wrapped lines are joined: without it, a wrapped line is two.
    const [shown, joined] = (await screens(`${command} ${args}`, [], ['-J'])).map((screen) => screen.split('\n'))
    assert.equal(
      shown!.length,
      joined!.length,
      `${args}: a line was wrapped\n${joined!.filter((line) => line.length > 80).join('\n')}`,
    )
    for (const line of shown!) assert.ok(line.length <= 80, line)
  }
  const bold = '\u001b[1m'
  assert.ok((await screens(`${command} maps ${sleeper}`, ['-e']))[0]!.includes(bold))
  assert.ok(!(await screens(`NO_COLOR=1 ${command} maps ${sleeper}`, ['-e']))[0]!.includes(bold))
})

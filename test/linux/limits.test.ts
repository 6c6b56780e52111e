// At the limits of the machine: the error names the limit and its value, nothing has changed, and memory given back can be had again.
// The case sec-fault-at-the-limit-of-addresses among them.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { pageSize } from '#vmarea/index.js'
import { musl } from '../support/musl.js'
import { root } from '../support/root.js'
import { survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'

const page = pageSize()
const asRoot = process.getuid?.() === 0
const mapCount = Number(readFileSync('/proc/sys/vm/max_map_count', 'latin1'))

const limited = `
import { execFileSync } from 'node:child_process'
const setLimit = (name, bytes) => execFileSync('prlimit', ['--pid', String(process.pid), '--' + name + '=' + bytes])
const status = (field) => Number(new RegExp(field + ':\\\\s+(\\\\d+)').exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]) * 1024
const throws = (act, code, pattern) => assert.throws(act, (error) => {
  assert.ok(error instanceof VmError, String(error))
  assert.equal(error.code, code, error.message)
  assert.match(error.message, pattern)
  return true
})
const unchanged = (act) => {
  const areas = () => fs.readFileSync('/proc/self/maps', 'latin1').split('\\n').length
  // The engine maps and unmaps as it likes, on threads of its own: what is left behind is left behind each time.
  let more
  for (let attempt = 0; attempt < 10; attempt++) {
    const before = areas()
    act()
    more = areas() - before
    if (Math.abs(more) <= 2) return
  }
  assert.fail('each time there are more areas: ' + more)
}
`

/**
 * For a child without room for addresses: Node compiles its HTTP parser to WebAssembly when it pleases (22.23 as soon as `node:assert` is
 * imported), and ends the process where there is no room for the 8 GiB that V8 sets aside around the memory of one.
 */
const smallWasm = ['--disable-wasm-trap-handler']

const noPrlimit = spawnSync('prlimit', ['--version']).error ? 'there is no prlimit command' : false

describe('a limit that was hit is named with its value', { concurrency: 2 }, () => {
  const tooMany = musl
    ? 'without room for areas malloc(3) of musl has no memory, and V8 ends the process'
    : mapCount > 300_000 && `vm.max_map_count is ${mapCount}, and filling it would take too long`
  test('the number of areas', { skip: tooMany }, async () => {
    await survives(
      `${limited}
      // Prepared before there is no room: a piece in the midst of an area, a reservation, a view.
      const left = mapMut({ length: 6 * page })
      const middle = left.splitOff(2 * page)
      const right = middle.splitOff(2 * page)
      left.bytes.fill(1)
      middle.bytes.fill(2)
      const middleView = middle.bytes
      const reserved = reserveMut({ length: 8 * page })
      reserved.commit(page, page)
      const half = mapMut({ length: 4 * page })
      const name = /has \\d+ memory areas and vm\\.max_map_count is ${mapCount}/
      // Every second page of one mapping differs, and so each is an area. The engine wants areas too: there is room again at once.
      const filler = mapNone({ length: 2 * ${mapCount} * page })
      let filled = 0
      const attempt = (act) => {
        let error
        try { for (;; filled++) filler.advise('dontfork', filled * 2 * page, page) } catch {}
        try { act() } catch (caught) { error = caught }
        for (let count = 0; count < 500; count++) filler.advise('dofork', --filled * 2 * page, page)
        return error
      }
      const kept = []
      const acts = {
        // mmap may go one beyond what a split may.
        map: () => { for (let i = 0; i < 8; i++) kept.push(mapMut({ length: page, shared: true })) },
        unmap: () => middle.unmap(),
        protect: () => middle.makeReadOnly(),
        commit: () => reserved.commit(4 * page, page),
        lock: () => half.lock(page, page),
        advise: () => half.advise('dontfork', page, page),
      }
      throws(() => mapMut({ length: 2 ** 48 }), 'ENOMEM', /./)
      for (const [what, act] of Object.entries(acts)) {
        const error = attempt(act)
        assert.equal(error?.code, what === 'advise' ? 'EAGAIN' : 'ENOMEM', what + ': ' + error)
        assert.match(error.message, name, what)
      }
      assert.ok(middle.bytes.every((byte) => byte === 2))
      assert.ok(middleView.every((byte) => byte === 2))
      assert.equal(middleView.length, 2 * page)
      assert.throws(() => reserved.view(4 * page, 1), UsageError)
      assert.equal(reserved.view(page, 1)[0], 0)
      middle.unmap()
      reserved.commit(4 * page, page)
      half.lock(page, page)
      assert.ok(left.bytes.every((byte) => byte === 1))
      assert.equal(right.bytes[0], 0)`,
      // No thread of the engine gives an area back between the filling and the call, and its compiler, which dies where it gets no memory,
      // does not run meanwhile.
      { timeout: 300_000, flags: ['--single-threaded', '--no-opt', '--no-sparkplug'] },
    )
  })

  test('the number of areas, and a fault just then: it is contained, and the true pages come back', {
    skip: tooMany,
  }, async () => {
    await survives(
      `${limited}
      const { addon: load } = await import('#vmarea/linux/addon/addon.js')
      const addon = load()
      fs.writeFileSync(args[0], new Uint8Array(2 * page).fill(1))
      const mapping = map({ file: args[0] })
      fs.truncateSync(args[0], page)
      const readOnly = mapMut({ length: 8 * page })
      readOnly.bytes.fill(5)
      const other = readOnly.makeReadOnly()
      // Every second page of it has another permission, and so each is an area.
      const length = 2 * ${mapCount} * page
      const filler = Number(addon.mmap(0, length, 0, 0x4022, -1, 0))
      assert.ok(filler > 0)
      // Nothing here may want memory of the engine, which dies where it gets none.
      const fill = () => {
        let at = filler + page
        while (addon.mprotect(at, page, 1) === 0) at += 2 * page
        // A split adds two areas, and so one may be left.
        addon.mmap(0, page, 1, 0x21, -1, 0)
        return at - filler
      }
      const drain = () => addon.mprotect(filler, length, 0)
      const touch = (bytes) => { full = fill(); seen = bytes[page] }
      const write = (bytes) => { full = fill(); bytes[page] = 9; full += fill(); seen = bytes[page] }
      let full = 0, seen = -1, caught
      const attempt = (mapping, act) => {
        full = 0
        caught = undefined
        try { mapping.access(act) } catch (error) { caught = error }
        drain()
        assert.ok(caught instanceof MemoryFault, String(caught))
        assert.ok(full > (${mapCount} * page) / 2, 'the limit was met')
      }
      for (let round = 0; round < 3; round++) {
        attempt(mapping, touch)
        assert.equal(caught.reason, 'past-end-of-file')
        assert.equal(seen, 0)
        assert.equal(mapping.bytes[0], 1)
        // Here the room that was given back is filled as well before the page is put back.
        attempt(other, write)
        assert.equal(caught.reason, 'read-only')
        assert.equal(seen, 9)
        assert.ok(other.bytes.every((byte) => byte === 5))
        assert.equal(other.faults, round + 1)
        // What was given away is taken again here.
        mapMut({ length: page }).unmap()
      }`,
      { args: [temporaryFile()], timeout: 300_000, compiled: true },
    )
  })

  test('RLIMIT_AS', { skip: noPrlimit }, async () => {
    await survives(
      `${limited}
      const limit = status('VmSize') + 2 ** 30
      const small = mapMut({ length: page })
      setLimit('as', limit)
      const named = new RegExp('RLIMIT_AS is ' + limit + ' bytes')
      unchanged(() => {
        throws(() => mapMut({ length: 2 ** 31 }), 'ENOMEM', named)
        throws(() => reserveNone({ length: 2 ** 31 }), 'ENOMEM', named)
        throws(() => small.resize(2 ** 31), 'ENOMEM', named)
      })
      small.bytes[0] = 1
      mapMut({ length: 2 ** 20 }).unmap()`,
      { flags: smallWasm },
    )
  })

  test('RLIMIT_AS with no room beside a large mapping: its faults are contained all the same', {
    skip: noPrlimit,
  }, async () => {
    await survives(
      `${limited}
      fs.truncateSync(args[0], 2 ** 31)
      fs.writeSync(fs.openSync(args[0], 'r+'), new Uint8Array(page).fill(1))
      const mapping = map({ file: args[0] })
      const { bytes } = mapping
      fs.truncateSync(args[0], page)
      const readOnly = mapMut({ length: 2 ** 29, noReserve: true })
      readOnly.bytes.fill(6, 0, 64 * page)
      const other = readOnly.makeReadOnly()
      setLimit('as', status('VmSize') + 2 ** 28)
      for (let at = page; at < 300 * page; at += page) assert.equal(bytes[at], 0)
      assert.equal(mapping.faults, 299)
      assert.throws(() => other.access((bytes) => { bytes.fill(9, 0, 32 * page) }), MemoryFault)
      assert.equal(other.faults, 32)
      assert.equal(other.fault, undefined)
      assert.ok(other.bytes.subarray(0, 64 * page).every((byte) => byte === 6))
      other.bytes[0] = 1
      other.bytes[40 * page] = 1
      other.restore()
      assert.equal(other.bytes[40 * page], 6)
      mapping.restore()
      assert.equal(bytes[0], 1)
      void bytes[page]
      mapping.unmap()
      other.bytes[0] = 1
      other.unmap()`,
      { args: [temporaryFile()], flags: smallWasm },
    )
  })

  // What would cover with a byte a page of the region finds no room for it, and the process is beyond its limit by more than the
  // engine can have grown by since the addresses were set aside. The engine may want no memory just then.
  test('RLIMIT_AS is below what the process has: pages of a terabyte are covered, and come back', {
    skip: noPrlimit,
  }, async () => {
    await survives(
      `${limited}
      const { spawn } = await import('node:child_process')
      const { addon: load } = await import('#vmarea/linux/addon/addon.js')
      const addon = load()
      const mapping = map({ file: args[0], length: 2 ** 40 })
      const [start, left, right] = [0, 2 ** 38, 2 ** 39].map((offset) => mapping.view(offset, page))
      assert.equal(start[1], 1)
      const change = 'prlimit --pid ' + process.pid + ' --as='
      const lowered = change + (status('VmSize') - (16 << 20)) + ':'
      const child = spawn('sh', ['-c', lowered + '; read line; ' + change + 'unlimited:'], { stdio: ['pipe', 'inherit', 'inherit'] })
      const pipe = child.stdin._handle.fd
      const newline = Buffer.from('\\n')
      const hasRoom = () => {
        const address = Number(addon.mmap(0, page, 0, 0x4022, -1, 0))
        if (address < 0) return false
        addon.munmap(address, page)
        return true
      }
      while (hasRoom());
      const sum = left[0] + right[0]
      fs.writeSync(pipe, newline)
      while (!hasRoom());
      const { faults, fault } = mapping
      mapping.restore()
      assert.deepEqual([sum, faults, fault.reason, start[1]], [0, 2, 'past-end-of-file', 1])`,
      {
        args: [temporaryFile(page)],
        compiled: true,
        flags: ['--jitless', '--single-threaded'],
        // A thread of Node's that begins late would take 64 MiB of addresses for an arena of its own after the size was read.
        through: ['env', 'MALLOC_ARENA_MAX=1'],
      },
    )
  })

  test('RLIMIT_DATA', { skip: noPrlimit }, async () => {
    await survives(`${limited}
      const limit = status('VmData') + 2 ** 28
      setLimit('data', limit)
      throws(() => mapMut({ length: 2 ** 29 }), 'ENOMEM', new RegExp('RLIMIT_DATA is ' + limit + ' bytes'))
      mapNone({ length: 2 ** 29 }).unmap()`)
  })

  test('RLIMIT_MEMLOCK of an ordinary user', {
    skip: asRoot ? noPrlimit : 'only root can become an ordinary user',
  }, async (t) => {
    const through = [
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--inh-caps=-all',
      '--bounding-set=-all',
    ]
    const reachable = spawnSync(through[0]!, [
      ...through.slice(1),
      process.execPath,
      '-e',
      `fs.readdirSync(${JSON.stringify(root)})`,
    ])
    if (reachable.status !== 0) {
      t.skip('an ordinary user can not read this folder, or setpriv is missing')
      return
    }
    await survives(
      `${limited}
      setLimit('memlock', 65536)
      const mapping = mapMut({ length: 64 * page })
      const named = /RLIMIT_MEMLOCK is 65536 bytes, of which \\d+ are locked/
      mapping.lock(0, page)
      unchanged(() => {
        throws(() => mapping.lock(), 'ENOMEM', named)
        throws(() => mapMut({ length: 64 * page, locked: true }), 'ENOMEM', named)
      })
      mapping.unlock()
      mapping.lock(0, 16 * page)
      mapping.unmap()
      setLimit('memlock', 0)
      throws(() => mapMut({ length: page, locked: true }), 'EPERM', /RLIMIT_MEMLOCK is 0 bytes/)
      // What needs no privilege goes on without one.
      const readOnly = map({ length: page })
      readOnly.bytes[0] = 1
      assert.equal(readOnly.faults, 1)
      const left = mapMut({ length: 2 * page })
      left.merge(left.splitOff(page))`,
      { through },
    )
  })

  test('the open files', { skip: noPrlimit }, async () => {
    await survives(`${limited}
      setLimit('nofile', 64)
      const open = []
      try { for (;;) open.push(fs.openSync('/dev/null')) } catch {}
      throws(() => map({ file: '/proc/version', length: 1 }), 'EMFILE', /open '\\/proc\\/version'/)
      throws(() => memfd('x'), 'EMFILE', /memfd_create/)
      // The first fault opens a pipe to be told through; without one it is contained all the same.
      const mapping = map({ length: page })
      mapping.bytes[0] = 1
      assert.equal(mapping.faults, 1)
      assert.throws(() => mapping.read(0, new Uint8Array(1)), MemoryFault)
      mapping.unmap()
      for (const descriptor of open) fs.closeSync(descriptor)`)
  })
})

test(`locked memory is counted as locked (${page} bytes a page)`, {
  skip: asRoot ? false : 'RLIMIT_MEMLOCK may be lower',
}, async () => {
  await survives(`${limited}
    const before = status('VmLck')
    const mapping = mapMut({ length: 16 * page, locked: true })
    assert.equal(status('VmLck') - before, 16 * page)
    assert.ok(mapping.resident().every((page) => page === 1))
    mapping.unlock(0, 4 * page)
    assert.equal(status('VmLck') - before, 12 * page)
    mapping.lock(page, 1)
    assert.equal(status('VmLck') - before, 13 * page)
    mapping.unmap()
    assert.equal(status('VmLck'), before)`)
})

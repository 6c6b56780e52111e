// A container can be without /proc, or hide files of it: a function that reads one says which is missing and what it is needed for, and others work.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { MAIN } from '../cli/run.js'
import { survives } from '../support/run-in-child.js'
import { skipUnlessRoot } from '../userfaultfd/skip.js'

const skip = skipUnlessRoot() || (spawnSync('unshare', ['--mount', 'true']).status !== 0 && 'no mount namespaces here')
const through = ['unshare', '--mount']

/** Hides files before the package is used. */
const hide = (...files: string[]) => `
const { execFileSync } = await import('node:child_process')
for (const file of ${JSON.stringify(files)})
  execFileSync('mount', file === '/proc' ? ['-t', 'tmpfs', 'none', file] : ['--bind', '/dev/null', file.replace('self', process.pid)])
const refused = (act, file, does) => {
  const isRight = ({ name, code, message }) => {
    assert.equal(name, 'VmError', message)
    assert.equal(code, 'ENOENT', message)
    assert.ok(message.includes("'" + file), message)
    assert.match(message, does)
    return true
  }
  return act.constructor.name === 'AsyncFunction' ? assert.rejects(act, isRight) : assert.throws(act, isRight)
}
const areaOf = (mapping, look) => {
  const guard = thisProcess().mm.mmgetNotZero().mmapReadLock()
  try {
    return look(guard.vmaLookup(mapping.start))
  } finally {
    guard.release()
  }
}
const driver = 'data:text/javascript,' + encodeURIComponent(\`
  import { defineDevice } from '\${library}device.js'
  export default defineDevice(() => ({ size: 65536, fault(fault) { fault.bytes.fill(7) } }))\`)
`

test('without /proc memory is held, used and resized, and faults are contained', { skip }, async () => {
  await survives(
    `${hide('/proc')}
    const memory = mapMut({ length: 4 * page })
    memory.write(0, new Uint8Array(10).fill(1))
    await memory.populate()
    memory.lock()
    memory.unlock()
    assert.equal(memory.resident().length, 4)
    memory.splitOff(page).unmap()
    memory.resize(8 * page)
    const file = memfd('file', { size: page })
    assert.throws(() => map({ file, shared: true }).access((bytes) => bytes.fill(1)), MemoryFault)
    file.truncate(0)
    assert.throws(() => map({ file, length: page, shared: true }).read(0, new Uint8Array(1)), MemoryFault)
    assert.throws(() => mapMut({ length: 2 ** 46 }), { code: 'ENOMEM' })
    memory.unmap()`,
    { through },
  )
})

test('without /proc what needs a file of it names the file, what it is for, and that /proc is missing', {
  skip,
}, async () => {
  await survives(
    `${hide('/proc')}
    const memory = mapMut({ length: 4 * page })
    refused(() => thisProcess().mm, '/proc/self/maps', /lists the areas of a process, and no \\/proc is mounted here/)
    refused(() => vmarea.Mm.of(1), '/proc/1/maps', /no \\/proc is mounted here/)
    await refused(async () => { for await (const run of memory.residentRuns()); }, '/proc/self/', /no \\/proc is mounted here/)
    for (const source of ['guard', 'userfaultfd'])
      await refused(async () => {
        const device = await vmarea.openDevice(driver, { source })
        try { device.map().unmap() } finally { await device.close() }
      }, '/proc/self/fd/', /no \\/proc is mounted here/)
    const uffd = vmarea.Userfaultfd.create()
    refused(() => uffd.unanswered(), '/proc/self/fdinfo/', /unread faults of a userfaultfd, and no \\/proc is mounted here/)
    uffd.close()`,
    { through },
  )
})

test('a device whose thread can not be seen in /proc serves', { skip }, async () => {
  await survives(
    `const { openDevice } = vmarea
    ${hide()}
    const device = await openDevice(driver)
    const memory = device.map()
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/proc'])
    assert.equal((await memory.readAsync(page, new Uint8Array(1)))[0], 7)
    assert.equal(device.state, 'serving')
    memory.unmap()
    await device.close()`,
    { through },
  )
})

test('a file of /proc that a container hides is named, and does not look like that of an ended process', {
  skip,
}, async () => {
  await survives(
    `${hide('/proc/self/smaps', '/proc/self/pagemap')}
    const memory = mapMut({ length: page })
    assert.ok(areaOf(memory, (area) => area.start) <= memory.start) // below it where the area of a neighbour has merged with it
    refused(() => areaOf(memory, (area) => area.flags), '/proc/self/smaps', /the flags and the use of areas, and this container hides it/)
    refused(() => areaOf(memory, (area) => area.usage()), '/proc/self/smaps', /this container hides it/)
    refused(() => areaOf(memory, (area) => [...area.pages()]), '/proc/self/pagemap', /the states of pages, and this container hides it/)`,
    { through },
  )
  await survives(
    `${hide('/proc/self/maps')}
    mapMut({ length: page }).unmap()
    refused(() => thisProcess().mm, '/proc/self/maps', /lists the areas of a process, and this container hides it/)`,
    { through },
  )
})

test('the command says that /proc is missing, and not that a process is', { skip }, () => {
  for (const line of ['maps self', 'maps 1', 'watch 1', 'view 1', 'doctor 1', 'maps node']) {
    const script = 'mount -t tmpfs none /proc && exec "$@"'
    const args = ['--mount', 'sh', '-c', script, 'sh', process.execPath, MAIN, ...line.split(' ')]
    const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8' })
    assert.match(stderr, /no \/proc is mounted here\n$/, line)
    assert.equal(status, 1, line)
  }
})

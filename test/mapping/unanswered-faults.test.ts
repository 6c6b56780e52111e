// Faults that no access answers, because something cut it short or the event loop never turned again: none is lost.
// The cases sec-access-after-a-deep-stack and sec-fault-at-the-end among them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runInChild, survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'

/** A file of eight pages of sevens, mapped, and then cut to its first page. */
const cut = `
  const cutFile = (file) => {
    fs.writeFileSync(file, Buffer.alloc(8 * page, 7))
    const mapping = map({ file })
    const { bytes } = mapping
    fs.truncateSync(file, page)
    return { mapping, bytes }
  }
  // Runs in a context with \`mapping\`, \`page\` and \`meets()\`, which the source calls when it has met its faults, and is cut short after that.
  const cutShort = (vm, mapping, source) => {
    for (let timeout = 20, met = false; !met; timeout *= 2) {
      mapping.restore()
      const context = vm.createContext({ mapping, page, meets: () => { met = true } })
      assert.throws(() => vm.runInContext(source + '; for (;;);', context, { timeout }), /timed out/)
    }
  }
`
const inWorker = (source: string) =>
  `startWorker(${JSON.stringify(`${cut}; const file = workerData; ${source}`)}, args[0])`

const holds = (title: string, source: string) =>
  test(title, async () => {
    await survives(`${cut}; const file = args[0]; ${source}`, { args: [temporaryFile(0)] })
  })

describe('a scope that is cut short', { concurrency: 2 }, () => {
  const reported = `
    const byte = mapping.bytes[2 * page]
    assert.equal(byte, 0)
    assert.equal(mapping.fault.offset, 2 * page)
    assert.throws(() => mapping.read(2 * page, new Uint8Array(4)), MemoryFault)
    assert.throws(() => mapping.access(() => 0), MemoryFault)
    mapping.restore()
    assert.equal(mapping.access((bytes) => bytes[0]), 7)
    assert.throws(() => mapping.access((bytes) => bytes[page]), MemoryFault)
    assert.equal(mapping.fault, undefined)
  `
  holds(
    'by a full stack leaves no scope open (sec-access-after-a-deep-stack)',
    `const { mapping } = cutFile(file)
    const deeper = () => mapping.access(deeper)
    for (let turn = 0; turn < 20; turn++) assert.throws(deeper, RangeError)
    ${reported}`,
  )
  holds(
    'by a timeout of vm leaves no scope open',
    `const { mapping } = cutFile(file)
    const vm = await import('node:vm')
    const loop = vm.createContext({ mapping })
    assert.throws(() => vm.runInContext('mapping.access(() => { for (;;); })', loop, { timeout: 20 }), /timed out/)
    ${reported}`,
  )
  holds(
    'keeps the faults that it had met, in a scope that goes on around it',
    `const { mapping } = cutFile(file)
    const vm = await import('node:vm')
    assert.throws(
      () => mapping.access(() => cutShort(vm, mapping, 'mapping.access((bytes) => { bytes[page]; meets(); for (;;); })')),
      (error) => error instanceof MemoryFault && error.offset === page,
    )
    assert.equal(mapping.fault, undefined)
    assert.equal(mapping.access((bytes) => bytes[0]), 7)`,
  )
  holds(
    'keeps the faults that it had met, and the event loop reports them',
    `const { mapping } = cutFile(file)
    const vm = await import('node:vm')
    const { channel } = await import('node:diagnostics_channel')
    const seen = []
    channel('vmarea:fault').subscribe(({ fault }) => seen.push(fault.offset))
    cutShort(vm, mapping, 'mapping.access((bytes) => { bytes[page]; bytes[3 * page]; meets(); for (;;); })')
    assert.throws(() => mapping.read(page, new Uint8Array(4)), MemoryFault)
    await until('both are reported', () => seen.length === 2)
    assert.deepEqual(seen, [page, 3 * page])
    mapping.restore()
    assert.equal(mapping.fault, undefined)`,
  )
  holds(
    'reports nothing that its access has thrown',
    `const { mapping } = cutFile(file)
    const { channel } = await import('node:diagnostics_channel')
    channel('vmarea:fault').subscribe(({ fault }) => assert.fail(fault.message))
    for (let turn = 0; turn < 100; turn++) assert.throws(() => mapping.access((bytes) => bytes[page]), MemoryFault)
    await turns()`,
  )
})

describe('a fault that the event loop does not live to report', { concurrency: 2 }, () => {
  const says = (title: string, source: string, expected: RegExp, stdout = '28672\n') =>
    test(title, async () => {
      const child = await runInChild(`${cut}; const file = args[0]; ${source}`, { args: [temporaryFile(0)] })
      assert.deepEqual({ stdout: child.stdout, status: child.code }, { stdout, status: 0 }, child.stderr)
      assert.match(child.stderr, expected)
    })
  const sum = 'console.log(bytes.reduce((sum, byte) => sum + byte, 0))'
  const warned = /VmareaFault: read at .* the file ends before this page/
  const listen = `process.on('warning', (warning) => console.error(warning.name + ': ' + warning.message));`

  says(
    'is a warning at the natural end (sec-fault-at-the-end)',
    `${listen} const { bytes } = cutFile(file); ${sum}`,
    warned,
  )
  says(
    'is a warning at process.exit (sec-fault-at-the-end)',
    `${listen} const { bytes } = cutFile(file); ${sum}; process.exit()`,
    warned,
  )
  says(
    'is printed where a listener for the exit meets it last',
    `const { bytes } = cutFile(file); bytes[0]; process.on('exit', () => { ${sum} })`,
    /\(vmarea\) 7 contained faults are unreported at the end, the first a failed read at 0x/,
  )
  says(
    'is printed where such a listener ends the process',
    `const { bytes } = cutFile(file); bytes[0]; process.on('exit', () => { ${sum}; process.reallyExit(0) })`,
    /\(vmarea\) 7 contained faults are unreported/,
  )
  says(
    'is a warning of a Worker that ends',
    `await exited(${inWorker(`${listen} const { bytes } = cutFile(file); fs.writeSync(1, bytes.reduce((sum, byte) => sum + byte, 0) + '\\n')`)})`,
    warned,
  )
  says(
    'is a warning of a Worker that exits',
    `await exited(${inWorker(`${listen} const { bytes } = cutFile(file); fs.writeSync(1, bytes.reduce((sum, byte) => sum + byte, 0) + '\\n'); process.exit(0)`)})`,
    warned,
  )
  const endless = `const { bytes } = cutFile(file); const sum = bytes.reduce((sum, byte) => sum + byte, 0); parentPort.postMessage(sum); for (;;);`
  says(
    'is reported by another thread where its Worker is terminated',
    `${listen} mapMut({ length: page }).bytes[0] = 1
    const worker = ${inWorker(endless)}
    console.log(await nextMessage(worker))
    await worker.terminate()
    await turns()`,
    /VmareaFault: read at .* memory of a thread that has ended/,
  )
  says(
    'is printed where its Worker is terminated and no other thread can report it',
    `const worker = ${inWorker(endless)}
    console.log(await nextMessage(worker))
    await worker.terminate()`,
    /\(vmarea\) 7 contained faults are unreported/,
  )
})

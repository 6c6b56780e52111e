// Every way of touching memory wrongly. Each runs in a process of its own, which must live.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pageSize } from '#vmarea/index.js'
import { beforeLinux } from '../support/before-linux.js'
import { survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'

const page = pageSize()

/** In the child: `mapping`, a file of eight pages cut to its first one after it was mapped, and `bytes` of it. */
const truncated = `
const mapping = map({ file: args[0] })
const { bytes } = mapping
fs.truncateSync(args[0], page)
`
const contained = (count: string) => `assert.equal(mapping.faults, ${count})`

const snippets: Record<string, string> = {
  'reading past the end of a truncated file': `${truncated}
    assert.equal(bytes[page], 0)
    assert.equal(bytes[0], 0)
    assert.equal(bytes[7], 7)
    ${contained('1')}
    assert.equal(mapping.fault.reason, 'past-end-of-file')`,

  'reading all of it in one native loop': `${truncated}
    assert.equal(bytes.indexOf(255), -1)
    ${contained('7')}`,

  'writing to a read-only page': `
    const mapping = map({ length: page })
    mapping.bytes[0] = 1
    assert.equal(mapping.bytes[0], 1)
    ${contained('1')}
    assert.deepEqual([mapping.fault.access, mapping.fault.reason], ['write', 'read-only'])`,

  'filling, sorting, reversing and copying within read-only pages': `
    const mapping = map({ length: 8 * page })
    mapping.bytes.fill(3)
    mapping.restore()
    mapping.bytes[9] = 1
    mapping.bytes.sort()
    mapping.restore()
    mapping.bytes.reverse()
    mapping.bytes.copyWithin(1, 0)
    assert.ok(mapping.faults >= 8)`,

  'writing to a shared map of a file past the end, which grows nothing': `
    const mapping = mapMut({ file: args[0], shared: true })
    fs.truncateSync(args[0], page)
    mapping.bytes.fill(1)
    ${contained('7')}
    assert.equal(fs.statSync(args[0]).size, page)
    assert.ok(fs.readFileSync(args[0]).every((byte) => byte === 1))
    mapping.restore()`,

  'reading pages without permission through a view that reaches them': `
    const mapping = reserveMut({ length: 4 * page })
    mapping.commit(0, page)
    const all = new Uint8Array(mapping.view(0, 1).buffer)
    assert.equal(all[page], 0)
    all[2 * page] = 1
    ${contained('2')}
    assert.equal(mapping.fault.reason, 'no-access')`,

  'guard pages': `
    const mapping = mapMut({ length: 4 * page })
    mapping.advise('guard_install', page, page)
    assert.equal(mapping.bytes[page], 0)
    mapping.bytes[page + 1] = 1
    ${contained('1')}
    assert.equal(mapping.fault.reason, 'no-access')`,

  'a Float64Array at the last element of a bad page': `${truncated}
    const doubles = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
    assert.equal(doubles[doubles.length - 1], 0)
    assert.equal(mapping.fault.offset, 8 * page - 8)`,

  'a DataView across the edge to a bad page': `${truncated}
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.getFloat64(page - 4)
    view.getBigUint64(4 * page - 1)
    assert.ok(mapping.faults >= 2)`,

  'Atomics on a bad page': `
    const mapping = mapMut({ file: args[0], shared: true })
    const words = new Int32Array(mapping.bytes.buffer, mapping.bytes.byteOffset, mapping.size / 4)
    fs.truncateSync(args[0], page)
    const at = (2 * page) / 4
    assert.equal(Atomics.load(words, at), 0)
    assert.equal(Atomics.add(words, at, 5), 0)
    assert.equal(Atomics.exchange(words, at + page / 4, 1), 0)
    assert.equal(Atomics.compareExchange(words, at + (2 * page) / 4, 0, 7), 0)
    assert.equal(Atomics.load(words, at), 5)
    ${contained('3')}`,

  'TextDecoder, Buffer and TypedArray methods on a bad page': `${truncated}
    assert.equal(new TextDecoder('latin1').decode(bytes.subarray(page)).length, 7 * page)
    assert.equal(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').length, 16 * page)
    new TextEncoder().encodeInto('€'.repeat(page), new Uint8Array(map({ length: page }).bytes.buffer))
    assert.equal(bytes.slice(page).length, 7 * page)
    assert.equal(structuredClone(bytes.subarray(2 * page)).length, 6 * page)
    assert.ok(mapping.faults >= 7)`,

  'a copy from one bad mapping to another in one native call': `${truncated}
    const other = map({ length: 8 * page })
    other.bytes.set(bytes)
    assert.ok(other.faults >= 8)
    ${contained('7')}`,

  'crypto on this thread': `${truncated}
    const { createHash } = await import('node:crypto')
    createHash('sha256').update(bytes).digest()
    ${contained('7')}
    assert.throws(() => mapping.read(0, new Uint8Array(1)), MemoryFault)`,

  'crypto in the thread pool': `${truncated}
    const { pbkdf2, randomFill } = await import('node:crypto')
    await new Promise((resolve) => pbkdf2(bytes, 'salt', 1, 16, 'sha256', resolve))
    const readOnly = map({ length: 4 * page })
    await new Promise((resolve) => randomFill(readOnly.bytes, resolve))
    await crypto.subtle.digest('SHA-256', bytes)
    assert.ok(mapping.faults > 0)
    assert.ok(readOnly.faults > 0)
    assert.ok(mapping.fault instanceof MemoryFault)`,

  'zlib in the thread pool': `${truncated}
    const { deflate, inflateSync } = await import('node:zlib')
    const packed = await new Promise((resolve, reject) => deflate(bytes, (error, result) => (error ? reject(error) : resolve(result))))
    assert.equal(inflateSync(packed).length, 8 * page)
    assert.ok(mapping.faults > 0)
    await assert.rejects(mapping.flush(), MemoryFault)`,

  'system calls, which fail with EFAULT': `${truncated}
    const readOnly = map({ length: page })
    const file = fs.openSync(args[1], 'w+')
    assert.throws(() => fs.writeSync(file, bytes, 2 * page, page), { code: 'EFAULT' })
    fs.writeSync(file, bytes, 0, page)
    assert.throws(() => fs.readSync(file, readOnly.bytes, 0, page, 0), { code: 'EFAULT' })
    await assert.rejects(fs.promises.writeFile(args[1], bytes), { code: 'EFAULT' })
    ${contained('0')}
    assert.equal(readOnly.faults, 0)`,

  'a stale view after unmap, which is empty': `
    const mapping = mapMut({ length: page })
    const { bytes } = mapping
    const view = new DataView(bytes.buffer)
    mapping.unmap()
    assert.equal(bytes.length, 0)
    assert.equal(bytes[0], undefined)
    bytes[0] = 1
    assert.throws(() => view.getInt8(0))
    assert.throws(() => Atomics.load(new Int32Array(bytes.buffer), 0))`,

  'a view whose length was read before the function unmaps': `
    const mapping = mapMut({ length: 8 * page })
    const sum = mapping.bytes.reduce((sum, byte, index) => {
      if (index === page) mapping.unmap()
      return sum + (byte ?? 0)
    }, 0)
    assert.equal(sum, 0)`,

  'a sort whose comparison unmaps': `
    const mapping = mapMut({ length: 4 * page })
    let calls = 0
    mapping.bytes.sort((a, b) => {
      if (calls++ === 10) mapping.unmap()
      return b - a
    })`,

  'a file read into memory that is unmapped meanwhile': `
    const mapping = mapMut({ length: 8 * page })
    const file = await fs.promises.open(args[0])
    const reading = file.read(mapping.bytes, 0, 8 * page, 0)
    mapping.unmap()
    await reading.catch(() => {})
    await file.close()`,

  'an unmapped range in the thread pool': `
    const { deflate } = await import('node:zlib')
    for (let round = 0; round < 20; round++) {
      const mapping = mapMut({ length: 64 * page })
      const done = new Promise((resolve) => deflate(mapping.bytes, resolve))
      if (round % 2) await turn()
      mapping.unmap()
      const other = mapMut({ length: 64 * page })
      other.bytes.fill(1)
      await done
      assert.ok(other.bytes.every((byte) => byte === 1))
      other.unmap()
    }`,

  'a touch from a Worker of its own bad memory': `
    const worker = startWorker(\`
      const mapping = map({ file: workerData })
      const { bytes } = mapping
      fs.truncateSync(workerData, page)
      let error
      try { mapping.access((bytes) => bytes[2 * page]) } catch (caught) { error = caught.name }
      const sum = bytes[3 * page]
      process.on('warning', ({ name }) => parentPort.postMessage({ error, sum, name, faults: mapping.faults }))
      setTimeout(() => {}, 600_000)\`, args[0])
    assert.deepEqual(await nextMessage(worker), { error: 'MemoryFault', sum: 0, name: 'VmareaFault', faults: 2 })
    await worker.terminate()`,

  'two threads of the pool at the same bad page at once': `
    const { deflate } = await import('node:zlib')
    for (let round = 0; round < 50; round++) {
      fs.truncateSync(args[0], 8 * page)
      const mapping = map({ file: args[0] })
      const { bytes } = mapping
      fs.truncateSync(args[0], page)
      await Promise.all([1, 2, 3, 4].map(() => new Promise((resolve) => deflate(bytes, { level: 0 }, resolve))))
      assert.ok(mapping.faults >= 7)
      mapping.restore()
      assert.equal(bytes[7], 7 % 251)
      mapping.unmap()
    }`,

  'a fault while another thread holds the layout for reading': `${truncated}
    const worker = startWorker(\`
      const { addressSpace } = thisProcess().kernel
      addressSpace.readLock()
      parentPort.postMessage('locked')
      parentPort.once('message', () => { addressSpace.readUnlock(); parentPort.postMessage('unlocked') })\`)
    await nextMessage(worker)
    assert.throws(() => mapping.access((bytes) => bytes[2 * page]), MemoryFault)
    assert.equal(bytes[page], 0)
    ${contained('2')}
    worker.postMessage('go on')
    await nextMessage(worker)
    mapping.restore()
    await worker.terminate()`,

  'a fault while this thread holds the layout for reading': `${truncated}
    const { addressSpace } = thisProcess().kernel
    addressSpace.readLock()
    assert.equal(bytes[page], 0)
    assert.throws(() => mapping.read(0, new Uint8Array(1)), MemoryFault)
    addressSpace.readUnlock()
    mapping.restore()
    assert.throws(() => mapping.access((bytes) => bytes[2 * page]), MemoryFault)`,

  'recursion to the end of the stack, which is an error as ever': `${truncated}
    assert.equal(bytes[page], 0)
    const recurse = (n) => bytes[n % bytes.length] + recurse(n + 1)
    assert.throws(() => recurse(0), RangeError)`,

  'a big number of bad pages in one go': `
    fs.truncateSync(args[0], 5000 * page)
    const mapping = map({ file: args[0] })
    const { bytes } = mapping
    fs.truncateSync(args[0], 0)
    for (let at = bytes.length - page; at >= 0; at -= page) assert.equal(bytes[at], 0)
    ${contained('5000')}
    mapping.restore()
    assert.equal(fs.readFileSync('/proc/self/maps', 'latin1').split('\\n').filter((line) => line.includes(args[0])).length, 1)`,
}

describe('the process lives through', { concurrency: 2 }, () => {
  for (const [name, snippet] of Object.entries(snippets)) {
    test(name, { skip: name === 'guard pages' && beforeLinux('6.13', name) }, async () => {
      await survives(snippet, { args: [temporaryFile(8 * page), temporaryFile()] })
    })
  }
})

const steals = 'transfer' in ArrayBuffer.prototype

describe('a buffer that was taken out of reach', { concurrency: 2 }, () => {
  const skip = steals ? false : 'this Node copies instead of transferring'
  const steal = `
    const mapping = mapMut({ length: 4 * page })
    mapping.bytes.fill(7)
    const { start } = mapping
    const stolen = new Uint8Array(mapping.bytes.buffer.transfer())
    assert.equal(stolen[0], 7)
    const mine = () => fs.readFileSync('/proc/self/maps', 'latin1').includes(start.toString(16) + '-')
  `

  test('by transfer, reads a contained fault after unmap, and never other memory', { skip }, async () => {
    await survives(`${steal}
      mapping.unmap()
      const others = Array.from({ length: 64 }, () => mapMut({ length: 4 * page }))
      for (const { bytes } of others) bytes.fill(0x42)
      assert.ok(others.every((other) => other.start !== start))
      assert.ok(stolen.every((byte) => byte === 0))
      stolen.fill(9)
      assert.ok(others.every(({ bytes }) => bytes.every((byte) => byte === 0x42)))
      await turns()`)
  })

  test('by transfer, keeps its addresses taken only as long as it lives', { skip }, async () => {
    await survives(`
      const mine = (() => {
        ${steal}
        mapping.unmap()
        globalThis.stolen = stolen
        return mine
      })()
      await settle()
      assert.ok(mine())
      assert.equal(globalThis.stolen[0], 0)
      globalThis.stolen = undefined
      await until('the addresses are free', () => !mine())`)
  })

  test('from both pieces that were merged, is safe when the whole is unmapped', { skip }, async () => {
    await survives(`
      const left = mapMut({ length: 4 * page })
      const right = left.splitOff(2 * page)
      left.bytes.fill(1)
      right.bytes.fill(2)
      const stolen = [left, right].map(({ bytes }) => new Uint8Array(bytes.buffer.transfer()))
      left.merge(right)
      const { start } = left
      stolen[1][0] = 5
      assert.equal(left.bytes[2 * page], 5)
      left.unmap()
      const others = Array.from({ length: 32 }, () => mapMut({ length: 2 * page }))
      assert.ok(others.every((other) => other.start < start || other.start >= start + BigInt(4 * page)))
      for (const bytes of stolen) assert.ok(bytes.every((byte) => byte === 0))`)
  })

  test('before a resize that moves, reaches a hole and not the moved memory', { skip }, async () => {
    await survives(`${steal}
      // Something in the way, ours or another's.
      try {
        mapNone({ length: page, address: mapping.end, fixed: 'noreplace' })
      } catch {}
      mapping.resize(64 * page)
      assert.notEqual(mapping.start, start)
      assert.equal(mapping.bytes[0], 7)
      assert.equal(stolen[0], 0)
      stolen[1] = 3
      assert.equal(mapping.bytes[1], 7)
      assert.equal(mapping.faults, 0)
      mapping.unmap()`)
  })

  test('before a shrink, reaches nothing behind the new end', { skip }, async () => {
    await survives(`${steal}
      mapping.resize(page)
      assert.equal(stolen[0], 7)
      assert.equal(stolen[page], 0)
      stolen[2 * page] = 1
      const others = Array.from({ length: 32 }, () => mapMut({ length: page }))
      assert.ok(others.every((other) => other.start < start || other.start >= start + BigInt(4 * page)))
      mapping.unmap()`)
  })

  test('by a Worker that dies, does not take the memory with it', { skip }, async () => {
    await survives(`
      const worker = startWorker(\`
        const mapping = mapMut({ length: 16384 })
        mapping.bytes.fill(7)
        const stolen = mapping.bytes.buffer.transfer()
        try {
          parentPort.postMessage({ stolen, start: mapping.start }, [stolen])
        } catch (error) {
          parentPort.postMessage({ refused: error.name, start: mapping.start })
        }
        setTimeout(() => process.exit(), 50)\`)
      const message = await nextMessage(worker)
      await exited(worker)
      await settle()
      const others = Array.from({ length: 64 }, () => mapMut({ length: 16384 }))
      for (const { bytes } of others) bytes.fill(0x42)
      if (message.stolen) {
        const bytes = new Uint8Array(message.stolen)
        let odd = 0
        for (const byte of bytes) odd += byte !== 0 && byte !== 7
        assert.equal(odd, 0)
        bytes.fill(1)
        assert.ok(others.every(({ bytes }) => bytes.every((byte) => byte === 0x42)))
      }
      console.log(message.refused ?? 'transferred')`)
  })
})

test('a snippet that dies is distinguished from one that lives', async () => {
  await assert.rejects(survives('process.kill(process.pid, "SIGKILL")'), /did not live/)
  await assert.rejects(survives('process.exit(0)'), /did not live/)
  await assert.rejects(survives('throw new Error("mine")'), /mine/)
})

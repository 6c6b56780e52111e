// What a program offers of its pagers, and to whom.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { mapMut, offerStatistics, openDevice, openSwap, type PagerReport, pageSize, type StatisticsOffer } from 'vmarea'
import { memoryStore } from 'vmarea/stores'
import { findReportSocket } from '#vmarea/cli/view/find-report-socket.js'
import { readPagerReports } from '#vmarea/view/files/read-pager-reports.js'
import { driverUrl } from '../pager/support/driver-url.js'
import { ordinaryUser, skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { root } from '../support/root.js'
import { until } from '../support/until.js'
import { skipWithout } from '../userfaultfd/skip.js'

const page = pageSize()
const REPORT: PagerReport = {
  kind: 'device',
  state: 'serving',
  faults: 1,
  waiting: 0,
  failures: 0,
  residentBytes: page,
  residentLimit: null,
  hits: null,
  requests: 1,
  bytesRead: page,
  evictedBytes: 0,
  writtenBytes: null,
  stagedBytes: null,
  eviction: null,
  latency: [0, 1],
}

/** The lines of an offer, as a reader has them. */
function linesOf(offer: StatisticsOffer): AsyncIterator<string> {
  return createInterface({ input: connect(offer.path) })[Symbol.asyncIterator]()
}

async function firstOf(offer: StatisticsOffer): Promise<ReturnType<typeof readPagerReports>> {
  const lines = linesOf(offer)
  const { value } = await lines.next()
  await lines.return?.()
  return readPagerReports(value)
}

test('a device within a budget reports its faults, hits, evictions and how long the faults waited', async () => {
  const fills = driverUrl(() => ({
    mmap() {},
    fault(fault) {
      fault.bytes.fill(1)
    },
  }))
  await using offer = await offerStatistics()
  await using device = await openDevice(fills, { residentLimit: 64 * page, run: page })
  offer.add('objects', device)
  using memory = device.map({ length: 256 * page })
  for (let at = 0; at < 256; at++) assert.equal(memory.bytes[at * page], 1)
  const [report] = await firstOf(offer)
  const { faults, hits, requests, residentBytes, residentLimit, evictedBytes, latency } = report!
  assert.equal(residentLimit, 64 * page)
  assert.ok(residentBytes <= 64 * page && residentBytes > 0)
  assert.ok(evictedBytes >= 192 * page)
  assert.ok(requests >= 256 && faults >= 256)
  assert.equal(faults, requests + hits!)
  const counted = latency.reduce((sum, count) => sum + count, 0)
  assert.ok(counted > 0 && counted <= faults, `${counted}`)
})

test('a device names the pages that leave next, and those are asked of the driver again once room was needed', async () => {
  const fills = driverUrl(() => ({
    mmap() {},
    fault(fault) {
      fault.bytes.fill(1)
    },
  }))
  await using device = await openDevice(fills, { residentLimit: 64 * page, run: page })
  using memory = device.map({ length: 256 * page })
  for (let at = 0; at < 100; at++) memory.bytes[at * page]
  // The device's thread answers for the next report.
  device.report()
  const { next, candidates, others } = await until(
    () => 'an order',
    () => device.report().eviction ?? undefined,
  )
  assert.equal((candidates + others) * page, device.report().residentBytes)
  assert.equal(next.length, 16)
  // At least one page more than the budget, which drops five.
  for (let at = 200; at < 206; at++) memory.bytes[at * page]
  const { requests } = device.report()
  for (const at of next.slice(0, 5)) memory.bytes[at * page]
  await until(
    () => `${device.report().requests - requests} requests`,
    () => device.report().requests === requests + 5,
  )
  await device.close()
  assert.equal(device.report().eviction, null)
  await using unlimited = await openDevice(fills)
  unlimited.report()
  assert.equal(unlimited.report().eviction, null)
})

test('an order of eviction that another program sends is checked, and one of an older vmarea is not known', () => {
  const order = { by: 'clock', next: [3, 4], candidates: 2, others: 5, hand: 3, round: 10 }
  const read = (eviction: unknown) => readPagerReports(JSON.stringify([{ ...REPORT, name: 'one', time: 1, eviction }]))
  assert.deepEqual(read(order)[0]!.eviction, order)
  assert.equal(read(undefined)[0]!.eviction, null)
  const wrong = [
    1,
    { ...order, by: '<b>' },
    { ...order, next: ['<b>'] },
    { ...order, next: new Array(17).fill(1) },
    { ...order, next: [-1] },
    { ...order, candidates: 1e300 },
    { ...order, hand: 11 },
    { ...order, round: null },
  ]
  for (const eviction of wrong) assert.deepEqual(read(eviction), [], JSON.stringify(eviction))
})

test('a swap reports its budget, also after it has changed, and what it wrote', {
  skip: skipWithout('move'),
}, async () => {
  await using offer = await offerStatistics()
  const memory = mapMut({ length: 64 * page })
  for (let at = 0; at < 64; at++) memory.write(at * page, Uint8Array.of(at + 1))
  await using swap = await openSwap(memory, { store: memoryStore() })
  offer.add('heap', swap)
  await swap.enable()
  await swap.out()
  const [report] = await firstOf(offer)
  assert.deepEqual(
    { kind: report!.kind, limit: report!.residentLimit, resident: report!.residentBytes, out: report!.evictedBytes },
    { kind: 'swap', limit: null, resident: 0, out: 64 * page },
  )
  assert.ok(report!.writtenBytes! > 0)
  await swap.setResidentLimit(64 * page)
  assert.equal((await firstOf(offer))[0]!.residentLimit, 64 * page)
  await swap.disable()
  assert.equal((await firstOf(offer))[0]!.residentLimit, null)
})

test('a reporter that throws is left out, and the others are told', async () => {
  await using offer = await offerStatistics()
  offer.add('bad', {
    report() {
      throw new Error('no')
    },
  })
  offer.add('good', { report: () => REPORT })
  assert.throws(() => offer.add('good', { report: () => REPORT }), /choose another name/)
  assert.deepEqual(
    (await firstOf(offer)).map(({ name }) => name),
    ['good'],
  )
  assert.equal(offer.remove('good'), true)
  assert.deepEqual(await firstOf(offer), [])
})

test('the socket is found by the process that holds it, is for its user alone, and goes with the offer', async () => {
  const offer = await offerStatistics()
  assert.equal(findReportSocket(process.pid), `/proc/${process.pid}/root${offer.path}`)
  assert.equal(statSync(offer.path).mode & 0o777, 0o600)
  assert.equal(statSync(dirname(offer.path)).mode & 0o777, 0o700)
  await offer.close()
  await offer.close()
  assert.equal(existsSync(dirname(offer.path)), false)
  assert.equal(findReportSocket(process.pid), undefined)
})

test('another user gets nothing, even where the permissions of the file let it connect', {
  skip: skipUnlessOrdinaryUser(),
}, async () => {
  await using offer = await offerStatistics()
  offer.add('secret', { report: () => REPORT })
  chmodSync(dirname(offer.path), 0o755)
  chmodSync(offer.path, 0o666)
  const [command, ...rest] = ordinaryUser
  const program = `require('net').connect(${JSON.stringify(offer.path)}).on('error', () => {}).on('close', () => process.exit(0)).on('data', (text) => process.stdout.write(text))`
  const child = spawn(command!, [...rest, process.execPath, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (text) => {
    said += text
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.deepEqual([code, said], [0, ''])
})

test('an offer does not keep its program alive, and leaves no file when the program exits', () => {
  const source = `import { offerStatistics } from 'vmarea'\nconsole.log((await offerStatistics()).path)`
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: root,
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  assert.match(stdout, /statistics\.sock/)
  assert.equal(existsSync(dirname(stdout.trim())), false)
})

test('what is no report is left out of what another program sends', () => {
  const good = { ...REPORT, name: 'x', time: 1 }
  assert.deepEqual(readPagerReports(JSON.stringify([good])), [good])
  const bad = [
    null,
    { ...good, kind: '<b>' },
    { ...good, state: 'x' },
    { ...good, name: 7 },
    { ...good, faults: -1 },
    { ...good, waiting: 'many' },
    { ...good, latency: [Number.NaN] },
    { ...good, latency: new Array(65).fill(0) },
    { ...good, residentBytes: 1e300 },
    { ...good, hits: undefined },
  ]
  assert.deepEqual(readPagerReports(JSON.stringify(bad)), [])
  for (const line of ['', 'no JSON', '{}', '7', '[[]]']) assert.deepEqual(readPagerReports(line), [])
  assert.equal(readPagerReports(JSON.stringify([{ ...good, name: 'x'.repeat(1e5), more: 1 }]))[0]!.name.length, 500)
})

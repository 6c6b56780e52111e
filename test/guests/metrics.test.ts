// Statistics by outcome, the diagnostics channel, and the text for Prometheus.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { type GuestMessage, listenForGuests, type PageSource } from '#vmarea/guests.js'
import { MAIN, run } from '../cli/run.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor, patternOf } from './monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
const page = 4096

test('answers are counted and timed by how they came out, and the channel reports what happens to a guest', {
  skip,
}, async () => {
  const messages: GuestMessage[] = []
  const listener = (message: unknown) => messages.push(message as GuestMessage)
  subscribe('vmarea:guest', listener)
  const path = `@vmarea-metrics-${process.pid}`
  const bytes = patternOf(64)
  const source: PageSource = {
    size: bytes.length,
    read(offset, target) {
      if (offset === 9 * page) throw new Error('no such page')
      target.set(bytes.subarray(offset, offset + target.length))
    },
  }
  await using guests = await listenForGuests(path)
  await using monitor = new Monitor(path, ['regions=64'])
  for await (const guest of guests) {
    await guest.serve(source, { around: page })
    await monitor.check(0, 10)
    await monitor.ask('remove', 0, 4)
    await monitor.check(0, 4)
    await guest.prefetchAll()
    await monitor.kill()
    const { statistics } = await guest.closed
    const counts = Object.entries(statistics.outcomes).map(([name, { count }]) => [name, count])
    const { raced, retried, ...exact } = Object.fromEntries(counts) as Record<string, number>
    assert.equal(exact.failed, 1)
    assert.equal(exact.missing! + exact.removed! + raced! + retried!, 13)
    assert.ok(exact.removed! + retried! >= 4 && exact.missing! <= 9, JSON.stringify(statistics.outcomes))
    assert.ok(exact.prefetched! >= 1)
    assert.equal(statistics.faults, 13)
    const { count, sum, p50, p99, octaves } = statistics.latency
    assert.equal(
      octaves.reduce((total, inIt) => total + inIt, 0),
      count,
    )
    assert.ok(p50 > 0 && p50 <= p99 && sum > 0)
    break
  }
  unsubscribe('vmarea:guest', listener)
  const changes = messages.filter(({ pid }) => pid === monitor.pid).map(({ change }) => change)
  assert.deepEqual(changes, ['accepted', 'served', 'page-failed', 'ended'])
  assert.match(String(messages.find(({ change }) => change === 'page-failed')?.cause), /0x9000/)
})

test('the channel reports a monitor that is refused', { skip }, async () => {
  const messages: GuestMessage[] = []
  const listener = (message: unknown) => messages.push(message as GuestMessage)
  subscribe('vmarea:guest', listener)
  const path = `@vmarea-metrics-${process.pid}-refused`
  await using _ = await listenForGuests(path, { uid: 12345 })
  await using monitor = new Monitor(path, ['regions=1'])
  const message = await until('it is refused', () => messages.find(({ pid }) => pid === monitor.pid))
  unsubscribe('vmarea:guest', listener)
  assert.deepEqual([message.change, message.guest], ['refused', undefined])
  assert.equal((message.cause as { code?: string }).code, 'ERR_VMAREA_PEER_REFUSED')
})

test('vmarea serve --metrics answers in the text format of Prometheus, with the sums of guests that have ended', {
  skip,
}, async () => {
  const memory = join(temporaryFolder, 'memory')
  const socket = join(temporaryFolder, 'socket')
  writeFileSync(memory, patternOf(64))
  const args = ['serve', '--socket', socket, '--memory', memory, '--around', '4K', '--metrics', '0']
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value) as { event: string; metrics: string }
  try {
    const { metrics: url } = await next()
    const text = async () => (await fetch(url)).text()
    assert.match(await text(), /^vmarea_guests 0$/m)
    const monitor = new Monitor(socket, ['regions=64'])
    await next()
    await monitor.check(0, 5)
    const live = await text()
    assert.match(live, /^vmarea_guests 1$/m)
    assert.match(live, new RegExp(`^vmarea_guest_memory_bytes{pid="${monitor.pid}"} ${64 * page}$`, 'm'))
    // A page counts as resident a moment after the guest has it.
    const resident = `vmarea_guest_resident_bytes{pid="${monitor.pid}"} ${5 * page}\n`
    await until('five pages are resident', async () => (await text()).includes(resident))
    await monitor.kill()
    assert.equal((await next()).event, 'ended')
    const second = new Monitor(socket, ['regions=64'])
    await next()
    await second.check(0, 3)
    await second.kill()
    assert.equal((await next()).event, 'ended')
    const ended = await text()
    checkFormat(ended)
    assert.match(ended, /^vmarea_guests_ended_total 2$/m)
    assert.match(ended, /^vmarea_guest_pages_total{outcome="filled"} 8$/m)
    assert.match(ended, /^vmarea_guest_answer_seconds_count{outcome="missing"} 8$/m)
    assert.doesNotMatch(ended, /pid=/)
    assert.equal((await fetch(url, { method: 'POST' })).status, 405)
    assert.equal((await fetch(new URL('/', url))).status, 404)
    const { port } = new URL(url)
    const taken = run('serve', '--socket', `${socket}-other`, '--memory', memory, '--metrics', port)
    assert.equal(taken.code, 1)
    assert.match(taken.err, /--metrics.*EADDRINUSE/)
    assert.equal(run('serve', '--socket', 's', '--memory', memory, '--metrics', '65536').code, 2)
  } finally {
    child.kill('SIGKILL')
  }
})

/** Each sample follows its HELP and TYPE, buckets never fall, and the last one is the count. */
function checkFormat(text: string): void {
  const types = new Map<string, string>()
  const last = new Map<string, number>()
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line)
    if (type) types.set(type[1]!, type[2]!)
    if (line.startsWith('#')) continue
    const sample = /^(\w+)(?:{([^}]*)})? (\d[\d.e+-]*)$/.exec(line)
    assert.ok(sample, line)
    const [, name, labels = '', value] = sample
    const base = name!.replace(/_(bucket|sum|count)$/, '')
    assert.ok(types.has(name!) || types.get(base) === 'histogram', line)
    const series = `${base} ${/outcome="\w+"/.exec(labels)?.[0]}`
    if (name!.endsWith('_bucket')) {
      assert.ok(Number(value) >= (last.get(series) ?? 0), line)
      last.set(series, Number(value))
    } else if (name!.endsWith('_count')) assert.equal(Number(value), last.get(series), line)
  }
}

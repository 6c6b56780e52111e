// What a file may hold that was cut short, is of another version, or was made to do harm.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readRecordingText } from '#vmarea/view/files/read-recording-text.js'
import { readSnapshotText } from '#vmarea/view/files/read-snapshot-text.js'
import { ViewInputError } from '#vmarea/view/files/view-input-error.js'
import { seed } from '../support/seed.js'

const one = {
  start: '0x1000',
  end: '0x3000',
  permissions: 'rw-p',
  flags: ['rd'],
  offset: '0x0',
  device: '00:00',
  inode: '0',
  path: '',
  deleted: false,
  usage: { rss: 4096 },
}
const two = { ...one, start: '0x5000', end: '0x6000' }
const head = { version: 1, pid: 7, time: '2026-01-01T00:00:00.000Z', kernel: '6.18.0', pageSize: 4096 }
const recording = (...lines: unknown[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
const begun = { ...head, areas: 1, list: [one] }
const look = { time: '2026-01-01T00:00:01.000Z', look: { gone: ['0x1000'], put: [two] } }

test('a recording gives its list and each look after it', () => {
  const { areas, steps, header, ended, warnings } = readRecordingText(
    recording(begun, { time: look.time, change: 'mapped' }, look, { time: look.time, change: 'gone' }),
  )
  assert.equal(header.pid, 7)
  assert.deepEqual(
    areas.map(({ startPage, endPage }) => [startPage, endPage]),
    [[1, 3]],
  )
  assert.deepEqual(
    steps.map(({ gone, put }) => [gone, put.map(({ startPage }) => startPage)]),
    [[[1], [5]]],
  )
  assert.equal(ended, true)
  assert.deepEqual(warnings, [])
})

test('a recording that was cut short anywhere is read up to there, and says so', () => {
  const text = recording(begun, look, look)
  const whole = recording(begun).length
  for (let length = whole + 1; length < text.length; length++) {
    const { steps, warnings } = readRecordingText(text.slice(0, length))
    assert.ok(steps.length <= 2)
    if (text[length - 1] !== '\n') assert.match(warnings.join(), /cut short/, `at ${length}`)
  }
})

test('a recording of another version, or without its list, is refused with the reason', () => {
  assert.throws(() => readRecordingText(recording({ ...begun, version: 2 })), /version 2/)
  assert.throws(() => readRecordingText(recording({ ...head, areas: 1 })), /--record/)
  assert.throws(() => readRecordingText('hello\n'), /not JSON/)
  assert.throws(() => readRecordingText(''), ViewInputError)
  assert.throws(() => readRecordingText(recording({ ...begun, pageSize: 4095 })), /pageSize/)
})

test('a look that is out of shape is left out with a warning, and the others are shown', () => {
  const bad = [
    { time: look.time, look: { gone: 'all', put: [] } },
    { time: look.time, look: { gone: [], put: [{ ...one, start: '0x1001' }] } },
    { time: look.time, look: { gone: [], put: [{ ...one, end: '0x1000' }] } },
    { time: look.time, look: { gone: [], put: [{ ...one, usage: { rss: 1e300 } }] } },
    { time: look.time, look: { gone: [], put: [{ ...one, usage: { rss: -1 } }] } },
    { time: look.time, look: { gone: [], put: [{ ...one, permissions: '<b>x' }] } },
    { time: look.time, look: { gone: [], put: [{ ...one, flags: ['<b>'] }] } },
    { time: look.time, look: { gone: [], put: [{ ...one, path: 'x'.repeat(10_000) }] } },
    { time: 'soon', look: { gone: [], put: [] } },
  ]
  const { steps, warnings } = readRecordingText(recording(begun, ...bad, look))
  assert.equal(steps.length, 1)
  assert.equal(warnings.length, bad.length)
})

test('time that runs backwards is shown in order, with a warning', () => {
  const { steps, warnings } = readRecordingText(recording(begun, look, { ...look, time: '2026-01-01T00:00:00.500Z' }))
  assert.equal(steps[1]!.time, steps[0]!.time)
  assert.match(warnings.join(), /before that of the line above/)
})

test('a snapshot is read, and one with areas that overlap says that no kernel answers so', () => {
  assert.equal(readSnapshotText(JSON.stringify({ ...head, areas: [one, two] })).areas.length, 2)
  const { warnings } = readSnapshotText(JSON.stringify({ ...head, areas: [two, one, { ...one, start: '0x2000' }] }))
  assert.match(warnings.join(), /overlap/)
  assert.throws(() => readSnapshotText('{}'), /version/)
  assert.throws(() => readSnapshotText(JSON.stringify({ ...head, areas: 'none' })), /no list/)
  assert.throws(() => readSnapshotText('[1'), /not JSON/)
})

test('no text makes a reader throw anything but its own error, or takes names for numbers', () => {
  const text = recording(begun, look, look)
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 8, unit: 'binary' }), fc.nat(12), (at, put, cut) => {
      const broken = text.slice(0, at) + put + text.slice(at + cut)
      for (const read of [readRecordingText, readSnapshotText]) {
        try {
          read(broken)
        } catch (error) {
          assert.ok(error instanceof ViewInputError, String((error as Error).stack))
        }
      }
    }),
    { seed, numRuns: 150 },
  )
})

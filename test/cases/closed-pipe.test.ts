// A reader that has seen enough, as in `vmarea maps 1234 | head -1`, ends a command without a word, and is no failure of it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { MAIN } from '../cli/run.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'

/** Runs a command whose output goes to a pipe without a reader. Returns its exit code and what it says elsewhere. */
async function unread(args: readonly string[], messages: '2>&1' | ''): Promise<{ code: string; said: string }> {
  const script = `{ "$@" ${messages}; echo $? >&3; } | :`
  const child = spawn('sh', ['-c', script, 'sh', process.execPath, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const [code, said] = await Promise.all([text(child.stdio[3] as NodeJS.ReadableStream), text(child.stderr!)])
  return { code: code.trim(), said }
}

const plain = temporaryFile(65536)
const saved = join(temporaryFolder, 'saved.json')
const packed = join(temporaryFolder, 'packed.gz')

test('two files for the commands that read some', async () => {
  assert.equal((await unread(['maps', String(process.pid), '--save', saved], '')).code, '0')
  assert.equal((await unread(['pack', plain, '-o', packed], '')).code, '0')
  assert.ok(fs.existsSync(saved) && fs.existsSync(packed))
})

const self = String(process.pid)
// Two at once, because each takes a second of loading.
describe('vmarea', { concurrency: 2 }, () => {
  for (const line of [
    ['--help'],
    ['help', '--man'],
    ['maps', self, '--all'],
    ['maps', self, '--json'],
    ['lookup', self, '0x400000'],
    ['watch', self],
    ['diff', saved, saved],
    ['files', plain],
    ['doctor'],
    ['doctor', self],
    ['pack', '--list', '--all', packed],
    ['pack', '--unpack', packed, '-o', '-'],
    ['tour'],
    ['completion', 'bash'],
    ['view', self],
  ]) {
    const title = line.map((word) => (word === self ? 'PID' : basename(word))).join(' ')
    test(title, async () => assert.deepEqual(await unread(line, '2>&1'), { code: '0', said: '' }))
  }

  test('maps, whose messages go elsewhere', async () =>
    assert.deepEqual(await unread(['maps', self], ''), { code: '0', said: '' }))
})

test('a server of guests goes on when nobody reads its events any more', async () => {
  const socket = join(temporaryFolder, 'guests.sock')
  const child = spawn(process.execPath, [MAIN, 'serve', '--socket', socket, '--memory', plain, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', (...how) => resolve(how)))
  for await (const line of createInterface(child.stdout!)) {
    assert.match(line, /listening/)
    break
  }
  child.stdout!.destroy()
  // Each stranger that is sent away is an event.
  for (let stranger = 0; stranger < 3; stranger++) {
    const connection = connect(socket)
    connection.resume().end('no monitor')
    await new Promise<void>((resolve) => connection.once('close', () => resolve()).on('error', () => {}))
  }
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})

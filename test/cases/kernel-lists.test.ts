// What is seen of processes that change, or that never had memory.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { test } from 'node:test'
import { Mm, VmError } from 'vmarea'
import { MapsTable } from '#vmarea/linux/proc/maps-table.js'
import { until } from '../support/until.js'

const hasPython = spawnSync('python3', ['--version']).status === 0

// The case areas-that-change.
test('an area that is listed again, merged with the one before it, continues the list', () => {
  const lines = [
    '1000-3000 rw-p 00000000 00:00 0 ',
    '2000-5000 r--p 00007000 08:01 7 /file', // was protected meanwhile, and became one with what follows
    '4000-5000 rw-p 00000000 00:00 0 ', // nothing new
    '6000-7000 rw-p 00000000 00:00 0 ',
  ]
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const table = new MapsTable()
  assert.equal(table.addAll(text, 0, text.length), text.length)
  const rows = Array.from({ length: table.count }, (_, row) => [table.start(row), table.end(row), table.offset(row)])
  assert.deepEqual(rows, [
    [0x1000n, 0x3000n, 0n],
    [0x3000n, 0x5000n, 0x8000n],
    [0x6000n, 0x7000n, 0n],
  ])
})

test('that holds from one read to the next as well', () => {
  const table = new MapsTable()
  for (const line of [
    '1000-3000 rw-p 00000000 00:00 0 \n',
    '2000-3000 rw-p 00000000 00:00 0 \n',
    '2000-4000 rw-p 00000000 00:00 0 \n',
  ])
    table.addAll(Buffer.from(line), 0, line.length)
  const rows = Array.from({ length: table.count }, (_, row) => [table.start(row), table.end(row)])
  assert.deepEqual(rows, [
    [0x1000n, 0x3000n],
    [0x3000n, 0x4000n],
  ])
})

const busy = `
import ctypes, random
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
page = libc.getpagesize()
pages = 2000
start = libc.mmap(None, pages * page, 3, 0x22, -1, 0)
print('ready')
while True:
  first = random.randrange(pages); count = min(random.randrange(1, 200), pages - first); dice = random.random()
  if dice < .6: libc.mprotect(start + first * page, count * page, random.choice([0, 1, 3]))
  elif dice < .8: libc.munmap(start + first * page, count * page)
  else: libc.mmap(start + first * page, count * page, 3, 0x32, -1, 0)
`

test('areas of a process that maps, unmaps and protects all the time come in order and apart', {
  skip: !hasPython && 'there is no python3',
}, async () => {
  const child = spawn('python3', ['-uc', busy], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve))
    using mm = Mm.of(child.pid!)
    for (let look = 0; look < 300; look++) {
      using guard = mm.mmgetNotZero()!.mmapReadLock()
      let last = 0n
      for (const { start, end } of guard.areas({ usage: look % 2 === 0 })) {
        assert.ok(start >= last && end > start, `look ${look}: ${start.toString(16)} after ${last.toString(16)}`)
        last = end
      }
    }
  } finally {
    child.kill('SIGKILL')
  }
})

function aKernelThread(): string | undefined {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => {
      try {
        return /^Kthread:\s*1$|^PPid:\s*2$/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
      } catch {
        return false
      }
    })
}

// The case thread-of-the-kernel.
const thread = aKernelThread()
test('a thread of the kernel is distinguished from a process that has ended', {
  skip: thread === undefined && 'no thread of the kernel is to be seen here',
}, () => {
  using mm = Mm.of(Number(thread))
  assert.throws(
    () => mm.mmgetNotZero(),
    (error: VmError) =>
      error instanceof VmError && error.code === 'EINVAL' && /thread of the kernel/.test(error.message),
  )
})

test('a process that has ended and was not waited for has no users, and is no thread of the kernel', {
  skip: !hasPython && 'there is no python3',
}, async () => {
  // The parent waits for its child when it is asked to, and not before.
  const parent = spawn(
    'python3',
    ['-uc', 'import os\npid = os.fork()\nif pid == 0: os._exit(0)\nprint(pid)\nimport sys\nsys.stdin.read()'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  try {
    const text = await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve))
    const pid = Number(text.toString())
    await until(
      () => 'the child is a zombie',
      () => /^State:\s*Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')),
    )
    using mm = Mm.of(pid)
    assert.equal(mm.mmgetNotZero(), undefined)
  } finally {
    parent.kill('SIGKILL')
  }
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { mapMut, pageSize } from '#vmarea/index.js'
import { ordinaryUser, skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { root } from '../support/root.js'
import { MAIN, run } from './run.js'

const page = pageSize()
/** On a disk: a tmpfs has no other place for its pages, so that nothing of it is evicted. */
const folder = mkdtempSync(join(root, 'build', 'files-'))
const file = join(folder, 'data')
const size = 100 * page + 5
writeFileSync(file, Buffer.alloc(size, 7))
after(() => rmSync(folder, { recursive: true }))

interface Listed {
  path: string
  size: number
  cached: number | null
  runs?: { offset: number; length: number }[]
}

const list = (...args: string[]) => {
  const { code, out, err } = run('files', '--json', ...args)
  return { code, err, files: (JSON.parse(out) as { files: Listed[] }).files }
}

const TMPFS = 0x01021994

test('a file is touched, and evicted but for pages that a process maps', {
  skip: statfsSync(folder).type === TMPFS && 'the checkout is on a tmpfs',
}, () => {
  assert.deepEqual(list('--touch', '--pages', file).files, [
    { path: file, size, cached: size, runs: [{ offset: 0, length: size }] },
  ])
  assert.match(run('files', '--pages', file).out, /^400K +400K 100% █{32} \S+data$/m)
  assert.deepEqual(list('--evict', '--pages', file).files, [{ path: file, size, cached: 0, runs: [] }])
  assert.match(run('files', '--bytes', file).out, new RegExp(`^ *${size} +0% +\\S+data$`, 'm'))
  const mapping = mapMut({ file, offset: 0, length: page, shared: true })
  try {
    mapping.lock()
    // The kernel keeps pages in folios, and one that is mapped in part stays as a whole.
    const [first] = list('--evict', '--pages', file).files[0]!.runs!
    assert.equal(first?.offset, 0)
  } finally {
    mapping.unmap()
  }
})

test('a folder stands for the regular files below it, and an empty file has nothing', () => {
  const below = join(folder, 'below')
  mkdirSync(join(below, 'b'), { recursive: true })
  for (const name of ['c', 'b/x', 'a']) writeFileSync(join(below, name), name === 'a' ? '' : 'x')
  symlinkSync(file, join(below, 'link'))
  const { code, files } = list(below)
  assert.equal(code, 0)
  assert.deepEqual(
    files.map(({ path, size }) => [path, size]),
    [
      [join(below, 'a'), 0],
      [join(below, 'b/x'), 1],
      [join(below, 'c'), 1],
    ],
  )
  const { out } = run('files', below, '--bytes')
  assert.match(out, /^ +2 +2 100% all$/m)
})

test('a hole is in no page, and a file larger than a window is counted whole', () => {
  const sparse = join(folder, 'sparse')
  writeFileSync(sparse, Buffer.alloc(page, 1))
  truncateSync(sparse, 2 ** 30 + page)
  assert.deepEqual(list('--pages', sparse).files[0], {
    path: sparse,
    size: 2 ** 30 + page,
    cached: page,
    runs: [{ offset: 0, length: page }],
  })
})

test('what can not be read is reported, and the others are shown', () => {
  const { code, err, files } = list(join(folder, 'none'), '/dev/null', file)
  assert.equal(code, 1)
  assert.equal(
    err,
    `vmarea files: can't read ${join(folder, 'none')}: no such file or directory\nvmarea files: /dev/null is no regular file\n`,
  )
  assert.deepEqual(
    files.map(({ path }) => path),
    [file],
  )
  assert.match(run('files').err, /which files\?/)
  assert.match(run('files', '--evict', '--touch', file).err, /give one/)
  assert.equal(run('files', '--evict', '--touch', file).code, 2)
})

test('to a user that neither owns nor may write a file, it is not told', { skip: skipUnlessOrdinaryUser() }, () => {
  chmodSync(folder, 0o755)
  const [command = '', ...rest] = [...ordinaryUser, process.execPath, MAIN, 'files', '/etc/passwd']
  const { stdout, status, stderr } = spawnSync(command, rest, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /not told +\/etc\/passwd/)
  assert.match(stdout, /only to a user that owns it or may write it/)
})

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32, gunzipSync } from 'node:zlib'
import { patient } from '../support/patient.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { MAIN, run } from './run.js'

const bytes = Buffer.concat([Buffer.alloc(100_000, 'some text, '), Buffer.alloc(200_000), Buffer.from('the end')])

let folders = 0
function folderWith(name: string): string {
  const folder = join(temporaryFolder, `pack-${folders++}`)
  mkdirSync(folder)
  writeFileSync(join(folder, name), bytes)
  return folder
}

function pipe(input: Uint8Array, ...args: string[]): { code: number | null; out: Buffer; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'pack', ...args], {
    input,
    timeout: patient(120_000),
  })
  return { code: status, out: stdout, err: stderr.toString() }
}

test('a file is packed beside itself, listed, checked and unpacked, by each algorithm', () => {
  for (const [algorithm, extension] of Object.entries({ gzip: '.gz', deflate: '.blocks', brotli: '.blocks' })) {
    const folder = folderWith('data')
    const path = join(folder, 'data')
    const packed = `${path}${extension}`
    const made = run('pack', path, '--algorithm', algorithm, '--block-size', '16K')
    assert.deepEqual([made.code, made.err], [0, ''])
    assert.match(made.out, new RegExp(`^${path} -> ${packed} · 293K -> \\S+ · 19 blocks · 11 of zeros\n$`))
    if (algorithm === 'gzip') assert.ok(gunzipSync(readFileSync(packed)).equals(bytes))
    assert.deepEqual(run('pack', '--check', packed).out, `${packed}: 19 blocks, all whole\n`)
    assert.match(
      run('pack', '--list', packed).out,
      /^zeros +11 176K\b.*^compressed +8 .*^all +19 293K.*blocks of 16K/ms,
    )
    const again = run('pack', '--unpack', packed)
    assert.deepEqual([again.code, again.out], [1, ''])
    assert.match(again.err, /data is there already/)
    assert.equal(run('pack', '--unpack', packed, '-o', `${path}.again`).code, 0)
    assert.ok(readFileSync(`${path}.again`).equals(bytes))
    assert.equal(run('pack', '--unpack', packed, '--force').code, 0)
    assert.ok(readFileSync(path).equals(bytes))
    assert.deepEqual(readdirSync(folder).sort(), ['data', `data${extension}`, 'data.again'].sort())
  }
})

test('--list --all has a line a block, and --json the same for programs', () => {
  const packed = join(temporaryFolder, 'listed')
  assert.equal(run('pack', temporaryFile(bytes), '-o', packed, '--algorithm', 'deflate').code, 0)
  const lines = run('pack', '--list', '--all', packed).out.split('\n')
  assert.match(lines[0]!, /^BLOCK +OFFSET +SIZE +AT +PACKED +KIND +CRC-32$/)
  assert.equal(lines.indexOf(''), 6)
  const checksum = crc32(bytes.subarray(4 * 65536))
    .toString(16)
    .padStart(8, '0')
  assert.match(lines[5]!, new RegExp(`^ +4 +262144 +37863 +\\d+ +\\d+ compressed ${checksum}$`))
  const listed = JSON.parse(run('pack', '--list', '--json', packed).out)
  const { blocks, ...rest } = listed
  assert.deepEqual(rest, {
    version: 1,
    algorithm: 'deflate',
    blockSize: 65536,
    size: bytes.length,
    packedSize: readFileSync(packed).length,
  })
  assert.equal(blocks.length, 5)
  assert.deepEqual(
    { ...blocks[4], packedOffset: undefined, packedLength: undefined },
    {
      number: 4,
      kind: 'compressed',
      start: '0x40000',
      length: 37863,
      checksum: `0x${checksum}`,
      packedOffset: undefined,
      packedLength: undefined,
    },
  )
})

test('--json says for programs what was packed, checked and unpacked', () => {
  const input = temporaryFile(bytes)
  const output = join(temporaryFolder, 'for-programs')
  const made = JSON.parse(run('pack', input, '-o', output, '--block-size', '16K', '--json').out)
  const packedSize = readFileSync(output).length
  const summary = { size: bytes.length, packedSize, blocks: 19, zeros: 11, stored: 0 }
  assert.deepEqual(made, { version: 1, input, output, algorithm: 'gzip', ...summary })
  const checked = run('pack', '--check', '--json', output)
  assert.deepEqual([checked.code, JSON.parse(checked.out)], [0, { version: 1, path: output, blocks: 19, damaged: [] }])
  const unpacked = run('pack', '--unpack', '--json', output, '-o', `${output}.again`)
  assert.deepEqual(JSON.parse(unpacked.out), {
    version: 1,
    input: output,
    output: `${output}.again`,
    size: bytes.length,
  })
  assert.match(run('pack', '--unpack', '--json', output, '-o', '-').err, /leave --json out/)
  const { blocks } = JSON.parse(run('pack', '--list', '--json', output).out)
  const bad = readFileSync(output)
  bad[Number(blocks[3].packedOffset) + 20]! ^= 0xff
  writeFileSync(output, bad)
  const { code, out } = run('pack', '--check', '--json', output)
  const { damaged } = JSON.parse(out)
  assert.deepEqual([code, damaged.map(({ block }: { block: number }) => block)], [1, [3]])
})

test('the standard input is packed, and to the standard output, without a word beside it', () => {
  const packed = pipe(bytes, '-', '-o', '-')
  assert.deepEqual([packed.code, packed.err], [0, ''])
  assert.ok(gunzipSync(packed.out).equals(bytes))
  const path = temporaryFile(packed.out)
  const { code, out } = pipe(Buffer.alloc(0), '--unpack', path, '-o', '-')
  assert.equal(code, 0)
  assert.ok(out.equals(bytes))
  const empty = pipe(Buffer.alloc(0), '-', '-o', '-')
  assert.equal(empty.code, 0)
  assert.equal(gunzipSync(empty.out).length, 0)
})

test('--check names every block that is damaged, and fails', () => {
  const path = join(temporaryFolder, 'damaged\u001b[31m')
  run('pack', temporaryFile(bytes), '-o', path)
  const { blocks } = JSON.parse(run('pack', '--list', '--json', path).out)
  const bad = readFileSync(path)
  for (const number of [0, 3]) bad[Number(blocks[number].packedOffset) + 20]! ^= 0xff
  writeFileSync(path, bad)
  const { code, out } = run('pack', '--check', path)
  assert.equal(code, 1)
  assert.deepEqual(
    [...out.matchAll(/'.*': block (\d+) at byte/g)].map((match) => match[1]),
    ['0', '3'],
  )
  assert.ok(!out.includes('\u001b'), 'names with control characters do not reach the terminal')
  assert.match(out, /: 2 of 5 blocks damaged\n$/)
  const unpacked = run('pack', '--unpack', path, '-o', `${path}.out`)
  assert.equal(unpacked.code, 1)
  assert.match(unpacked.err, /block 0 at byte/)
  assert.ok(!existsSync(`${path}.out`))
})

test('what is asked for wrongly has its exit code, and a message that says what would be right', () => {
  const file = temporaryFile(bytes)
  const cut = temporaryFile(readFileSync(file).subarray(0, 50))
  run('pack', file, '-o', `${cut}.gz`, '--force')
  writeFileSync(cut, readFileSync(`${cut}.gz`).subarray(0, 200))
  const cases: [args: string[], code: number, error: RegExp][] = [
    [[], 2, /requires one file/],
    [[file, file], 2, /requires one file/],
    [['--list', '--check', file], 2, /one at a time/],
    [['--list', file, '--force'], 2, /--force does nothing with --list/],
    [[file, '--all'], 2, /--all does nothing when/],
    [[file, '--json', '-o', '-'], 2, /leave --json out/],
    [[file, '--algorithm', 'constructor'], 2, /'gzip' or 'deflate' or 'brotli', and is 'constructor'/],
    [[file, '--level', '10'], 2, /from 1 to 9 for gzip, and is 10/],
    [[file, '--level', 'x'], 2, /--level must be a number/],
    [[file, '--block-size', '5K'], 2, /multiple of 4096/],
    [[file, '--block-size', '64k b'], 2, /--block-size must be bytes/],
    [['-'], 2, /-o FILE/],
    [[join(temporaryFolder, 'none')], 2, /can't read .*none: no such file/],
    [[temporaryFolder], 2, /can't read .*: illegal operation on a directory\n/],
    [[file, '-o', join(temporaryFolder, 'no', 'folder')], 1, /can't write .*no such file/],
    [[file, '-o', '/dev/null', '--force'], 1, /no regular file/],
    [['--list', file], 2, /no packed file: vmarea pack makes one/],
    [['--list', join(temporaryFolder, 'none')], 2, /can't read .*no such file/],
    [['--check', cut], 1, /it was cut short/],
    [['--unpack', `${cut}.gz`, '-o', join(temporaryFolder, 'no', 'folder')], 1, /can't write/],
  ]
  for (const [args, code, error] of cases) {
    const result = run('pack', ...args)
    assert.equal(result.code, code, `${args.join(' ')}: ${result.err}`)
    assert.match(result.err, error, args.join(' '))
    assert.equal(result.out, '')
  }
})

test('a file that may not be read is refused with code 4', {
  skip: process.getuid?.() !== 0 && 'needs root, to become another user',
}, () => {
  const script = `process.setgroups([]); process.setgid(65534); process.setuid(65534); process.argv.splice(1, 1, 'vmarea', 'pack', '/etc/shadow', '-o', '-'); await import(${JSON.stringify(`file://${MAIN}`)})`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, 'x'], {
    encoding: 'utf8',
  })
  assert.equal(status, 4, stderr)
  assert.match(stderr, /can't read \/etc\/shadow: permission denied/)
})

test('interrupted, it ends by the signal and leaves nothing behind', async () => {
  const folder = join(temporaryFolder, 'interrupted')
  mkdirSync(folder)
  const child = spawn(process.execPath, [MAIN, 'pack', '-', '-o', join(folder, 'out')], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const ended = once(child, 'exit')
  child.stdin.on('error', () => {})
  child.stdin.write(Buffer.alloc(300_000, 'text'))
  await until('it has begun', () => readdirSync(folder).length > 0)
  child.kill('SIGINT')
  assert.deepEqual(await ended, [null, 'SIGINT'])
  assert.deepEqual(readdirSync(folder), [])
})

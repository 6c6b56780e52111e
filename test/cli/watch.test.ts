import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { skipWithoutTerminal, Terminal } from '../support/terminal.js'
import { MAIN, run } from './run.js'

const folder = mkdtempSync(join(tmpdir(), 'vmarea-watch-'))
/** At an address where neither the kernel nor the engine puts anything of its own. */
const ADDRESS = 0x2345_6789_0000n
const program = `
  const { mapMut } = await import(${JSON.stringify(import.meta.resolve('#vmarea/index.js'))})
  let mapping
  process.stdin.setEncoding('utf8').on('data', (step) => {
    if (step.includes('map')) mapping = mapMut({ length: 7 * 2 ** 20, address: ${ADDRESS}n, fixed: 'noreplace', populate: true })
    if (step.includes('end')) process.exit()
  })
  console.log('ready')`
const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
await once(child.stdout, 'data')

after(() => {
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

test('on a terminal watch is a table that is kept up to date, sorts by a key, records, and gives the terminal back', {
  skip: skipWithoutTerminal(),
}, async () => {
  const record = join(folder, 'record.ndjson')
  const terminal = new Terminal(
    `echo BEFORE; "${process.execPath}" "${MAIN}" watch ${child.pid} --interval 50 --record ${record}; printf 'THE%s' END; sleep 1000`,
    { width: 100, height: 30 },
  )
  try {
    const first = await terminal.shows('the table', (screen) => /^ADDRESSES .*OBJECT/m.test(screen))
    assert.match(first, new RegExp(`process ${child.pid} · `))
    assert.match(first, /areas · resident \d.* · by rss · s sorts · q quits/)
    child.stdin!.write('map\n')
    // The engine's own changes may push this one off the list of the last ones.
    await terminal.shows('the area, and a change', (screen) =>
      new RegExp(`^${ADDRESS.toString(16)}-\\S+ +7M +7M[^]*\\n\\d\\d:\\d\\d:\\d\\d \\w+ +[0-9a-f]+-`, 'm').test(screen),
    )
    terminal.press('s')
    await terminal.shows('another order', (screen) => screen.includes('by pss'))
    terminal.resize(60, 12)
    await terminal.shows(
      'a small table',
      (screen) => screen.trimEnd().split('\n').length <= 12 && screen.includes('by pss'),
    )
    terminal.press('q')
    const last = await terminal.shows('the end', (screen) => screen.includes('THEEND'))
    assert.match(last, /BEFORE\s+THEEND/, 'the screen is as it was before')
    assert.match(readFileSync(record, 'utf8'), new RegExp(`"mapped","start":"0x${ADDRESS.toString(16)}"`))
  } finally {
    terminal.close()
  }
})

test('the table ends with the process, and a process that is not there leaves the terminal alone', {
  skip: skipWithoutTerminal(),
}, async () => {
  const terminal = new Terminal(
    `"${process.execPath}" "${MAIN}" watch 4194305; "${process.execPath}" "${MAIN}" watch ${child.pid} --interval 50; printf 'THE%s' END; sleep 1000`,
  )
  try {
    await terminal.shows('the table', (screen) => screen.includes('q quits'))
    child.stdin!.write('end\n')
    const last = await terminal.shows('the end', (screen) => screen.includes('THEEND'))
    assert.match(last, /there is no process 4194305\s+process \d+ has ended, or runs another program now\s+THEEND/)
  } finally {
    terminal.close()
  }
})

test('an order of the table is one that maps has', () => {
  const { code, err } = run('watch', 'self', '--sort', 'siez')
  assert.equal(code, 2)
  assert.match(err, /did you mean size\?/)
})

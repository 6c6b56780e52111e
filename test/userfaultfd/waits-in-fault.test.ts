// Whether a thread waits for a fault to be answered, on kernels that say so and on those that do not.
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { waitsInFault } from '#vmarea/linux/userfaultfd/waits-in-fault.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { inChild } from './in-child.js'
import { skipWithout } from './skip.js'

const asleep = 'Name:\tnode\nState:\tS (sleeping)\n'
const inFault = '-1 0x7f23bdffa4b8 0x7f23c5f1e0a4\n'
const stack = '[<0>] handle_userfault+0x40f/0x720\n[<0>] handle_mm_fault+0x104e/0x1740\n'

// What Linux 5.10 and 6.18 show of threads that wait in a fault, that wait for something else and that run.
const threads: [what: string, expected: boolean, files: Record<string, string>][] = [
  ['wchan names the fault', true, { wchan: 'handle_userfault' }],
  ['wchan names another place', false, { wchan: 'futex_wait_queue', status: asleep }],
  ['wchan is empty and the stack names the fault', true, { wchan: '0', stack, status: asleep }],
  [
    'wchan is empty and the stack names another place',
    false,
    { wchan: '0', stack: '[<0>] futex_wait+0x1\n', syscall: inFault },
  ],
  ['nothing but a sleep outside of system calls', true, { wchan: '0', syscall: inFault, status: asleep }],
  ['a wait for the disk', false, { wchan: '0', syscall: inFault, status: 'State:\tD (disk sleep)\n' }],
  ['a wait inside of a system call', false, { wchan: '0', syscall: '202 0x7f 0x80 0x0 0x0\n', status: asleep }],
  ['a thread that runs', false, { wchan: '0', syscall: 'running\n', status: 'State:\tR (running)\n' }],
  ['a thread that has ended', false, {}],
]

for (const [what, expected, files] of threads) {
  test(`${what}: ${expected ? 'it waits in a fault' : 'it does not wait in a fault'}`, () => {
    const folder = mkdtempSync(join(temporaryFolder, 'thread-'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    assert.equal(waitsInFault(folder), expected)
  })
}

test('a thread that waits in a fault is seen where neither wchan nor the stack says so', {
  skip: skipWithout(),
}, () => {
  const { copies } = inChild<{ copies: Record<string, string>[] }>('waiting-thread')
  assert.ok(copies.length > 0)
  const folder = mkdtempSync(join(temporaryFolder, 'waiting-'))
  for (const files of copies) {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    writeFileSync(join(folder, 'wchan'), '0')
    assert.equal(waitsInFault(folder), true, JSON.stringify(files))
  }
})

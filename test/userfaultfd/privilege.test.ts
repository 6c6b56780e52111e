import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { patient } from '../support/patient.js'
import { withoutUserfaultfd } from '../support/without-userfaultfd.js'
import { inChild } from './in-child.js'
import { kernel, page } from './memory.js'
import { skipUnlessRoot, skipWithout, skipWithoutCompiler } from './skip.js'

const setpriv = spawnSync('setpriv', ['--version']).status !== 0 && 'no setpriv'
const skip = skipWithout('thread_id') || skipUnlessRoot()

interface Opened {
  way: string
  userModeOnly: boolean
  refusals: [string, string, string][]
  served: number
}
interface Refused {
  code: string
  message: string
  causes: number
}

test('with all rights the device is used', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  assert.deepEqual([uffd.way, uffd.userModeOnly, uffd.refusals], ['device', false, []])
  assert.match(String(Reflect.get(uffd, Symbol.for('nodejs.util.inspect.custom')).call(uffd)), /descriptor \d+, device/)
})

test('an ordinary user gets one for the faults of the program alone, and the reason', {
  skip: skip || setpriv,
}, () => {
  const wrap = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all']
  const { any, full, setting } = inChild<{ any: Opened; full: Refused; setting: string }>('refused', { wrap })
  if (setting === '1') return // Then the call is open to everybody.
  assert.deepEqual([any.way, any.userModeOnly, any.served], ['user-mode-only', true, page])
  assert.deepEqual(
    any.refusals.map(([way, code]) => [way, code]),
    [
      ['device', 'EACCES'],
      ['syscall', 'EPERM'],
    ],
  )
  assert.match(any.refusals[0]![2], /open '\/dev\/userfaultfd'.*owner 0, group \d+, and this is user 65534/)
  assert.match(any.refusals[1]![2], /CAP_SYS_PTRACE, or vm.unprivileged_userfaultfd=1 \(it is 0\)/)
  assert.equal(full.code, 'EPERM')
  assert.equal(full.causes, 2)
  assert.match(full.message, /no way to one is open\. \/dev\/userfaultfd said EACCES.*; userfaultfd\(2\) said EPERM/)
})

test('a seccomp filter that forbids the call: the message names the three ways', {
  skip: skip || setpriv || skipWithoutCompiler(),
}, () => {
  const filter = withoutUserfaultfd()
  try {
    const wrap = [filter.path, 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all']
    const { any, userModeOnly } = inChild<{ any: Refused; userModeOnly: Refused }>('refused', { wrap })
    assert.deepEqual([any.code, any.causes], ['EPERM', 3])
    assert.match(
      any.message,
      /\/dev\/userfaultfd said .*userfaultfd\(2\) said .*userfaultfd\(2\) with UFFD_USER_MODE_ONLY said/,
    )
    assert.match(any.message, /the seccomp filter of this process forbids it: allow userfaultfd/)
    assert.equal(userModeOnly.causes, 1)
  } finally {
    filter.remove()
  }
})

test('without CAP_SYS_PTRACE event_fork is refused by its name', { skip: skip || setpriv }, () => {
  const script = `
    import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
    import { thisProcess } from '#vmarea/this-process.js'
    try { bindUserfaultfd(() => thisProcess().kernel).create({ features: ['event_fork'] }) } catch (error) { console.log(error.code, error.message) }`
  const result = spawnSync(
    'setpriv',
    [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--bounding-set=-all',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ],
    { encoding: 'utf8', timeout: patient(120_000) },
  )
  assert.match(result.stdout, /^EPERM .*event_fork requires CAP_SYS_PTRACE/, result.stderr)
})

test('user mode only: a system call on a missing page fails, and does not wait', { skip }, () => {
  const { code } = inChild<{ code: string }>('user-mode-only')
  assert.equal(code, 'EFAULT')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newerKernel, type Since } from '#vmarea/cli/doctor/newer-kernel.js'

const protection: Since = { x64: '5.7', arm64: '6.10' }
const cases: [release: string, architecture: string, since: Since, expected: string][] = [
  ['5.10.0-32-amd64', 'x64', '5.14', 'Linux 5.14 or later'],
  ['5.14.0', 'x64', '5.14', 'the configuration'],
  ['6.1.0-50-amd64', 'x64', '5.14', 'the configuration'],
  ['6.9.12', 'x64', '6.10', 'Linux 6.10 or later'],
  ['6.18.5+deb13-cloud-amd64', 'x64', '6.10', 'the configuration'],
  ['6.1.0-50-arm64', 'arm64', protection, 'Linux 6.10 or later (on arm64)'],
  ['6.12.117+deb13-arm64-16k', 'arm64', protection, 'the configuration'],
  ['6.1.0-50-amd64', 'x64', protection, 'the configuration'],
  ['5.6.19', 'x64', protection, 'Linux 5.7 or later (on x86-64)'],
]

for (const [release, architecture, since, expected] of cases) {
  const asked = typeof since === 'string' ? since : 'write protection'
  test(`on ${release}, ${architecture}, what came with ${asked} requires ${expected}`, () => {
    assert.equal(newerKernel(since, 'the configuration', { release, architecture }), expected)
  })
}

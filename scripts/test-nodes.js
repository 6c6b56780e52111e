// npm run test:nodes: runs the suite on the other Nodes that the package supports, which the npm package `node` brings.
// Arguments: major versions, by default 22, 24 and 26; --again as `npm test` has it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values, positionals } = parseArgs({ allowPositionals: true, options: { again: { type: 'boolean' } } })
const majors = positionals.length > 0 ? positionals : ['22', '24', '26']

await setUp({ tests: true })
const results = majors.map((major) => ({ major, ...testOn(major) }))
for (const { major, status, failures } of results) {
  const outcome = status === 0 ? (failures === '' ? 'passed' : 'passed, with unsteady tests') : `failed (${status})`
  console.log(`node ${major}: ${outcome}\n${failures}`.trimEnd())
}
process.exit(results.every(({ status }) => status === 0) ? 0 : 1)

function testOn(major) {
  const folder = join(root, 'build', `node-${major}`)
  const node = join(folder, 'node_modules', 'node', 'bin', 'node')
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const install = ['install', `node@${major}`, '--no-audit', '--no-fund', '--loglevel=error', '--no-package-lock']
    const { status } = spawnSync('npm', install, { cwd: folder, stdio: 'inherit' })
    if (status !== 0) return { status, failures: `npm could not install node@${major}` }
  }
  console.log(`== ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  // What does not depend on the Node is checked once, by `npm test`.
  const list = join(folder, 'failures.txt')
  writeFileSync(list, '')
  const args = [join(root, 'scripts', 'test.js'), '--node', node, ...(values.again ? ['--again'] : [])]
  const { status } = spawnSync(process.execPath, args, {
    stdio: 'inherit',
    env: { ...process.env, VMAREA_SOAK: 'off', VMAREA_LONG: 'on', VMAREA_TEST_FAILURES: list },
  })
  return { status, failures: readFileSync(list, 'utf8').trimEnd() }
}

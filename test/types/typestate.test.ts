import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { root } from '../support/root.js'

const checks = join(root, 'test', 'types', 'checks')
const scratch = mkdtempSync(join(tmpdir(), 'vmarea-types-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

function compile(project: string): { status: number | null; output: string } {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

/** A copy of the package as a user has it, with the checks beside it: `dist` can be changed there. */
function copyOfPackage(name: string): { dist: string; compile: () => ReturnType<typeof compile> } {
  const folder = join(scratch, name)
  const installed = join(folder, 'node_modules', 'vmarea')
  cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(installed, 'package.json'))
  symlinkSync(join(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'))
  symlinkSync(join(root, 'node_modules', 'undici-types'), join(folder, 'node_modules', 'undici-types'))
  cpSync(join(checks, 'typestate.ts'), join(folder, 'typestate.ts'))
  cpSync(join(root, 'tsconfig.base.json'), join(folder, 'tsconfig.base.json'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(folder, 'tsconfig.json'),
    '{ "extends": "./tsconfig.base.json", "compilerOptions": { "noEmit": true }, "files": ["typestate.ts"] }',
  )
  return { dist: join(installed, 'dist'), compile: () => compile(folder) }
}

test('the permission is in the type, in the emitted declarations', () => {
  const { status, output } = compile(checks)
  assert.equal(output, '')
  assert.equal(status, 0)
})

test('a user of the installed package sees the same', () => {
  const { status, output } = copyOfPackage('installed').compile()
  assert.equal(output, '')
  assert.equal(status, 0)
})

test('the checks would notice if the permission were not in the declarations', () => {
  const copy = copyOfPackage('unbranded')
  let brands = 0
  for (const name of readdirSync(join(copy.dist, 'mapping', 'handle'))) {
    if (!name.endsWith('.d.ts')) continue
    const path = join(copy.dist, 'mapping', 'handle', name)
    const text = readFileSync(path, 'utf8')
    const without = text.replace(/^ *readonly \[permission\]: .*$/gm, () => {
      brands++
      return ''
    })
    writeFileSync(path, without)
  }
  assert.equal(brands, 6)
  const { status, output } = copy.compile()
  assert.notEqual(status, 0)
  assert.match(output, /Unused '@ts-expect-error' directive/)
})

test('the checks would notice if read-only bytes could be written', () => {
  const copy = copyOfPackage('writable')
  const path = join(copy.dist, 'mapping', 'memory', 'readonly-bytes.d.ts')
  writeFileSync(path, 'export type ReadonlyBytes = Uint8Array<ArrayBuffer>\n')
  const { status, output } = copy.compile()
  assert.notEqual(status, 0)
  assert.match(output, /Unused '@ts-expect-error' directive/)
})

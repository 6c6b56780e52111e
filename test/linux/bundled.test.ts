// A bundler puts the package's code into another folder, where its binary is not. The case bundled-without-its-folder.
import assert from 'node:assert/strict'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'

describe('code of the package outside its folder', () => {
  for (const [name, manifest] of [
    ['the program that it was bundled into', { name: 'program', type: 'module' }],
    ['a copy of its package.json', { name: 'vmarea', version: '9.9.9', type: 'module' }],
  ] as const) {
    test(`says beside ${name} that the bundle must leave it out`, async () => {
      const folder = join(temporaryFolder, manifest.name)
      cpSync(join(root, 'test-dist', 'published'), join(folder, 'out'), { recursive: true })
      writeFileSync(join(folder, 'out', 'package.json'), JSON.stringify(manifest))
      const { map } = await import(pathToFileURL(join(folder, 'out', 'index.js')).href)
      assert.throws(() => map({ length: 4096 }), {
        code: 'ERR_VMAREA_NOT_BUILT',
        message: /leave the package out of the bundle \(external: \['vmarea'\]\)/,
      })
      const { Machine } = await import(pathToFileURL(join(folder, 'out', 'model.js')).href)
      assert.equal(new Machine().spawn().mapMut({ length: 4096 }).size, 4096)
    })
  }
})

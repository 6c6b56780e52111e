import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { filesIn } from './source-tree.js'

test('every file that a comment names by its path exists', () => {
  const name = /\b(?:src|native|test|bench|scripts|examples|docs)\/[\w./-]+\.(?:ts|tsx|cc|h|js|mjs|md|c)\b/g
  const missing: string[] = []
  for (const folder of ['src', 'native', 'test', 'bench', 'scripts', 'examples']) {
    for (const ending of ['.ts', '.tsx', '.cc', '.h', '.c', '.js', '.mjs']) {
      for (const path of filesIn(folder, ending)) {
        const text = readFileSync(join(root, folder, path), 'utf8')
        for (const comment of text.match(/^\s*(?:\/\*\*|\*|\/\/).*$/gm) ?? []) {
          for (const [file] of comment.matchAll(name)) {
            if (!existsSync(join(root, file))) missing.push(`${folder}/${path}: ${file}`)
          }
        }
      }
    }
  }
  assert.deepEqual(missing, [])
})

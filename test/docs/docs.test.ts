import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]

const text = (page: string) => readFileSync(join(root, page), 'utf8')

for (const page of ['README.md', 'docs/mapping.md']) {
  for (const [index, [, program]] of [...text(page).matchAll(/^```ts\n(.*?)^```/gms)].entries()) {
    test(`program ${index + 1} of ${page} runs`, () => {
      // Beside the package's own package.json, so that its name finds it.
      const folder = mkdtempSync(join(root, 'build', 'docs-'))
      const path = join(folder, 'program.mjs')
      try {
        writeFileSync(path, program!)
        execFileSync(process.execPath, [path], { stdio: 'pipe', timeout: 120_000 })
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
}

test('every code of misuse stands in the table of errors', () => {
  const codes = [...text('src/vocabulary/usage-error-code.ts').matchAll(/'(ERR_VMAREA_\w+)'/g)].map((match) => match[1])
  assert.ok(codes.length > 10)
  const page = text('docs/errors.md')
  for (const code of codes) assert.ok(new RegExp(`^\\| \`${code}\` +\\| \\S`, 'm').test(page), `${code} is missing`)
})

test('no link between the pages leads nowhere', () => {
  for (const page of pages) {
    for (const [, target] of text(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(root, dirname(page), target!)), `${page} links to ${target}`)
    }
  }
})

test('every name of mmap-rs that the table gives is there', async () => {
  const { Mmap, MmapMut, MmapNone, Reserved, ReservedMut, ReservedNone } = await import('#vmarea/index.js')
  const methods = [
    ...text('docs/names.md').matchAll(/`((?:make|split|merge|lock|unlock|flush)\w*(?: \w+)*)`? \|?/g),
  ].flatMap((match) => match[1]!.split(' '))
  const wanted = ['makeNone', 'makeReadOnly', 'makeExec', 'makeExecNoFlush', 'makeMut', 'makeExecMut']
  for (const name of wanted) assert.ok(methods.includes(name), `${name} is not in the table`)
  for (const Handle of [Mmap, MmapMut, MmapNone, Reserved, ReservedMut, ReservedNone]) {
    for (const name of [...wanted, 'splitOff', 'splitTo', 'merge', 'asPtr', 'unmap']) {
      assert.ok(name in Handle.prototype, `${Handle.name} has no ${name}`)
    }
  }
})

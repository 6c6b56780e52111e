import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runPages } from './run-pages.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]

const text = (page: string) => readFileSync(join(root, page), 'utf8')

/** A program of a page that begins with its own name is a module, for the programs behind it. */
const moduleName = (program: string) => /^\/\/ (\S+\.mjs)\n/.exec(program)?.[1]

const printsWhatItSays = ['docs/concepts.md', 'docs/recipes.md']

for (const page of runPages) {
  const blocks = [...text(page).matchAll(/^```ts\n(.*?)^```/gms)].map(([, program]) => program!)
  const modules = blocks.filter((program) => moduleName(program) !== undefined)
  for (const [index, program] of blocks.filter((program) => moduleName(program) === undefined).entries()) {
    test(`program ${index + 1} of ${page} runs`, () => {
      // Beside the package's own package.json, so that its name finds it.
      const folder = mkdtempSync(join(root, 'build', 'docs-'))
      const path = join(folder, 'program.mjs')
      try {
        for (const module of modules) writeFileSync(join(folder, moduleName(module)!), module)
        writeFileSync(path, program)
        const printed = execFileSync(process.execPath, [path], { encoding: 'utf8', timeout: 120_000 }).split('\n')
        // Older pages say beside some lines what is in memory, and not what is printed.
        if (!printsWhatItSays.includes(page) && !program.includes('openDevice')) return
        for (const [, promised] of program.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)) {
          assert.ok(printed.includes(promised!), `${promised} is not among:\n${printed.join('\n')}`)
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
}

test('every code of misuse is in the table of errors', () => {
  const codes = [...text('src/vocabulary/usage-error-code.ts').matchAll(/'(ERR_VMAREA_\w+)'/g)].map((match) => match[1])
  assert.ok(codes.length > 10)
  const page = text('docs/errors.md')
  for (const code of codes) assert.ok(new RegExp(`^\\| \`${code}\` +\\| \\S`, 'm').test(page), `${code} is missing`)
})

test('every code that the package itself throws as a VmError is in the table of errors', () => {
  const page = text('docs/errors.md')
  const table = page.slice(0, page.indexOf('## `MemoryFault`'))
  const codes = new Set(
    readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/^(model|cli|conformance)\//.test(name))
      .flatMap((name) => [...text(`src/${name}`).matchAll(/new VmError\(\s*'(E[A-Z]+)'/g)].map(([, code]) => code!)),
  )
  assert.ok(codes.size > 10)
  for (const code of codes) assert.ok(new RegExp(`^\\|[^|]*\`${code}\`[^|]*\\|`, 'm').test(table), `${code} is missing`)
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

test('docs/drivers.md and docs/names.md name all of VmaNew, the hooks, the options and the statistics', async () => {
  const { VmaNew, defineDevice } = await import('#vmarea/device.js')
  const { Machine } = await import('#vmarea/model.js')
  const drivers = text('docs/drivers.md')
  const names = text('docs/names.md')
  for (const name of Object.getOwnPropertyNames(VmaNew.prototype)) {
    if (name === 'constructor') continue
    assert.match(drivers, new RegExp(`^\\| .*\`${name}\\(\\)`, 'm'), `${name} is missing in docs/drivers.md`)
    assert.match(names, new RegExp(`\`(\\w+\\(?\\)? )*${name}\\b`), `${name} is missing in docs/names.md`)
  }
  const page = new Machine().pageSize
  const device = await new Machine().spawn().openDevice(defineDevice(() => ({ fault() {} })))
  for (const name of Object.keys(device.statistics)) assert.match(drivers, new RegExp(`\\b${name}\\b`), name)
  const { rawDeviceOptions } = await import('#vmarea/device/raw-device-options.js')
  for (const name of Object.keys(rawDeviceOptions({}, page))) assert.match(drivers, new RegExp(`^\\| \`${name}\``, 'm'))
  const hooks = ['size', 'open', 'mmap', 'fault', 'pageMkwrite', 'close']
  for (const name of hooks) assert.match(drivers, new RegExp(`^\\| \`${name}(\\(\\w*\\))?\` \\|`, 'm'), name)
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(device))) {
    if (/^(constructor|asRaw|toString)$/.test(name)) continue
    assert.match(drivers, new RegExp(`^\\| .*\\bdevice\\.${name}\\b`, 'm'), `device.${name} is missing`)
  }
})

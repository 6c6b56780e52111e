// Each piece of code of the docs that is no whole program is compiled against the package's own declarations: what it imports and calls exists.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { root } from '../support/root.js'
import { runPages } from './run-pages.js'

/** What the text around a piece of code has introduced. */
const globals = `
  declare const memory: import('vmarea').MmapMut
  declare const log: import('vmarea').MmapMut
  /** A descriptor on one page, the URL of a module on another. */
  declare const file: number & URL
  declare const Worker: typeof import('node:worker_threads').Worker
  declare const worker: import('node:worker_threads').Worker
  declare const workerData: number
  declare const Userfaultfd: typeof import('vmarea').Userfaultfd
  declare const UffdMessages: typeof import('vmarea').UffdMessages
  declare const uffd: import('vmarea').Userfaultfd
  declare const mapMut: typeof import('vmarea').mapMut
  declare const guard: import('vmarea').MmapReadGuard
  declare const device: import('vmarea').Device
  declare const swap: import('vmarea').Swap
  declare const guests: import('vmarea/guests').Guests
  declare const guest: import('vmarea/guests').Guest
  declare const first: import('vmarea/guests').Guest
  declare const next: import('vmarea/guests').Guest
  declare const fileSource: typeof import('vmarea/guests').fileSource
  declare const listenForGuests: typeof import('vmarea/guests').listenForGuests
  declare const signal: AbortSignal
  declare const dropped: { add(start: bigint, end: bigint): void }
  declare const pageSize: number
  declare const page: Uint8Array
  declare function contentsOf(address: bigint): Uint8Array
  declare const regions: readonly object[]
  declare const pid: number
  declare const from: bigint
  declare const to: bigint
  declare const seen: number
  declare function parse(bytes: unknown): unknown
`

const compilerOptions = {
  module: 'nodenext',
  target: 'esnext',
  lib: ['esnext'],
  types: ['node'],
  noEmit: true,
  strict: true,
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
  skipLibCheck: true,
}

/** Below the package, so that its own name leads to it. */
mkdirSync(join(root, 'build'), { recursive: true })
const folder = mkdtempSync(join(root, 'build', 'snippets-'))
after(() => rmSync(folder, { recursive: true }))

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]

test('the code of the docs that is not run compiles', () => {
  let count = 0
  for (const page of pages.filter((page) => page.endsWith('.md'))) {
    const text = readFileSync(join(root, page), 'utf8')
    for (const { index, groups } of text.matchAll(/^```(?<language>ts|js)\n(?<code>.*?)^```/gms)) {
      const { language, code } = groups as { language: string; code: string }
      if (language === 'ts' && runPages.includes(page)) continue
      count++
      // A piece that names its file is imported by the next ones of its page.
      const named = /^\/\/ (\S+)\.mjs\n/.exec(code)?.[1]
      const line = text.slice(0, index).split('\n').length
      const name = named ?? `${page.replace(/\W+/g, '-')}-line-${line}`
      writeFileSync(join(folder, `${name}.mts`), `${code}\nexport {}\n`)
    }
  }
  assert.ok(count > 15, `only ${count} pieces of code were found`)
  writeFileSync(join(folder, 'globals.d.ts'), globals)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { cwd: folder, encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})

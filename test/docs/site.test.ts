// The site of the docs: every export and member is in the API reference, and no link or anchor leads nowhere.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { root } from '../support/root.js'

interface Builder {
  buildDocs(output: string): string[]
}
interface Reference {
  exportsOf(file: string): { name: string; doc: string; members: { name: string; doc: string }[] }[]
  anchorOf(heading: string): string
}

const { buildDocs } = (await import(join(root, 'scripts/build-docs.js'))) as Builder
const { exportsOf, anchorOf } = (await import(join(root, 'scripts/docs/api-reference.js'))) as Reference
const { toHtml } = (await import(join(root, 'scripts/docs/markdown.js'))) as {
  toHtml(text: string, link: (target: string) => string): string
}
// As deep in the checkout as build/docs: links to other files of it are relative.
mkdirSync(join(root, 'build'), { recursive: true })
const output = mkdtempSync(join(root, 'build', 'site-'))
after(() => rmSync(output, { recursive: true }))
const pages = buildDocs(output)
const html = (page: string) => readFileSync(join(output, page), 'utf8')

test('the API reference has every export of every entry point, with its comment and its members', async () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string>
  }
  for (const [subpath, target] of Object.entries(exports)) {
    if (!target.endsWith('.js')) continue
    const page = html(`api-vmarea${subpath.slice(1).replaceAll('/', '-')}.html`)
    const all = exportsOf(join(root, target.replace(/\.js$/, '.d.ts')))
    const names = all.map(({ name }) => name)
    for (const name of Object.keys((await import(join(root, target))) as object))
      assert.ok(name === 'default' || names.includes(name), `${subpath} exports ${name}, which the reference lacks`)
    for (const { name, doc, members } of all) {
      assert.notEqual(doc, '', `${subpath}: ${name} has no doc comment`)
      assert.ok(page.includes(`<h2 id="${anchorOf(name)}">`), name)
      for (const member of members) {
        assert.notEqual(member.doc, '', `${subpath}: ${name}.${member.name} has no doc comment`)
        assert.ok(page.includes(`>${name}: ${member.name.replaceAll('<', '&lt;')}</h3>`), member.name)
      }
    }
  }
})

test('the API reference gives a class the members that it has, through an alias and an Omit, and no others', () => {
  const membersOf = (file: string, name: string) =>
    exportsOf(join(root, 'dist', file))
      .find((found) => found.name === name)!
      .members.map((member) => member.name)
  assert.ok(membersOf('index.d.ts', 'Userfaultfd').includes('register'))
  assert.ok(membersOf('index.d.ts', 'Mmap').includes('splitOff'))
  assert.ok(!membersOf('index.d.ts', 'Mmap').includes('write'), 'Mmap has a member of its type argument')
  assert.ok(membersOf('guests.d.ts', 'GuestStatistics').includes('resident'))
  assert.ok(!membersOf('guests.d.ts', 'GuestStatistics').includes('latencies'), 'Omit leaves it out')
})

test('no link of the site leads nowhere, and no anchor is missing', () => {
  for (const page of pages) {
    const text = html(page)
    for (const [, target] of text.matchAll(/(?:href|src)="([^"]+)"/g)) {
      if (/^(https?:|mailto:)/.test(target!)) continue
      const [path, anchor] = target!.split('#') as [string, string?]
      const file = path === '' ? page : path
      assert.ok(existsSync(join(output, file)), `${page} links to ${target}`)
      if (anchor !== undefined && file.endsWith('.html'))
        assert.ok(html(file).includes(` id="${anchor}"`), `${page} links to ${target}, and there is no such heading`)
    }
  }
})

test('Markdown becomes the HTML that it means', () => {
  const link = (target: string) => target
  assert.equal(
    toHtml('# A `b`\n\ntext **bold** and _more_\n', link),
    '<h1 id="a-b">A <code>b</code></h1>\n<p>text <strong>bold</strong> and <em>more</em></p>',
  )
  assert.equal(toHtml('```ts\na < b && `c`\n```', link), '<pre><code class="ts">a &lt; b &amp;&amp; `c`</code></pre>')
  assert.equal(
    toHtml('| a | b |\n| --- | --- |\n| `x\\|y` | [l](t.md) |', link),
    '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td><code>x|y</code></td><td><a href="t.md">l</a></td></tr>\n</tbody></table>',
  )
  assert.equal(
    toHtml('- one\n  two\n- three\n\nend', link),
    '<ul>\n<li>one\ntwo</li>\n<li>three</li>\n</ul>\n<p>end</p>',
  )
  assert.equal(toHtml('`<script>` & snake_case_name', link), '<p><code>&lt;script&gt;</code> &amp; snake_case_name</p>')
})

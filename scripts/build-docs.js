// npm run docs: the pages of docs/ and the API reference as a site under build/docs, with the reference as Markdown beside it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apiReference } from './docs/api-reference.js'
import { toHtml } from './docs/markdown.js'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The pages in the order of the site's menu. Those of docs/ that are not named here come behind. */
const MENU = [
  'README',
  'start',
  'concepts',
  'recipes',
  'mapping',
  'seeing',
  'drivers',
  'catching',
  'swap',
  'guests',
  'model',
]
/** The files that are copied beside the pages. */
const IMAGE = /\.(png|svg)$/

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent) }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; display: grid; grid-template-columns: 15rem minmax(0, 1fr) }
nav { padding: 1.5rem 1rem; border-right: 1px solid var(--line) }
nav a { display: block; padding: .1rem .5rem; text-decoration: none; color: inherit }
nav a[aria-current] { font-weight: bold; border-left: 3px solid }
nav h2 { font-size: 1rem; margin: 1rem 0 .3rem }
main { padding: 1rem 2rem 4rem; max-width: 60rem; overflow-wrap: break-word }
pre, code { font: .875em/1.4 ui-monospace, monospace }
pre { padding: .8rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 4px }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top }
img { max-width: 100% }
@media (max-width: 50rem) { body { display: block } nav { border: 0 } }
`

/**
 * Writes the site.
 *
 * @param {string} output
 * @returns {string[]} the names of its pages
 */
export function buildDocs(output) {
  const pages = new Map([['README', readFileSync(join(root, 'README.md'), 'utf8')]])
  const names = readdirSync(join(root, 'docs'))
  for (const name of names.filter((one) => one.endsWith('.md')))
    pages.set(name.slice(0, -3), readFileSync(join(root, 'docs', name), 'utf8'))
  for (const name of ['CHANGELOG', 'CONTRIBUTING']) pages.set(name, readFileSync(join(root, `${name}.md`), 'utf8'))
  const api = apiReference(root)
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
  for (const [name, text] of api) {
    pages.set(name.slice(0, -3), text)
    writeFileSync(join(output, name), text)
  }
  for (const name of names.filter((one) => IMAGE.test(one))) copyFileSync(join(root, 'docs', name), join(output, name))
  const order = [...MENU, ...[...pages.keys()].filter((name) => !MENU.includes(name))].filter((name) => pages.has(name))
  const titles = new Map(
    order.map((name) => [name, (/^# (.+)$/m.exec(pages.get(name))?.[1] ?? name).replaceAll('`', '')]),
  )
  for (const name of order) {
    const body = toHtml(pages.get(name), (target) => address(target, pages))
    writeFileSync(join(output, fileOf(name)), page(titles.get(name), menu(order, titles, name), body))
  }
  return order.map(fileOf)
}

function fileOf(name) {
  return name === 'README' ? 'index.html' : `${name}.html`
}

/** Where a link leads on the site: a page of docs/ by its name alone, because all pages are in one folder. */
function address(target, pages) {
  if (/^(https?:|mailto:|#)/.test(target)) return target
  const [path, anchor] = target.split('#')
  const name = posix.basename(path)
  if (IMAGE.test(name)) return name
  // A file of the repository, from build/docs.
  if (!name.endsWith('.md')) return `../../${path.replace(/^(\.\.?\/)+/, '')}`
  if (!pages.has(name.slice(0, -3))) throw new Error(`the docs link to ${target}, which is no page`)
  return `${fileOf(name.slice(0, -3))}${anchor === undefined ? '' : `#${anchor}`}`
}

function menu(order, titles, current) {
  const link = (name) =>
    `<a href="${fileOf(name)}"${name === current ? ' aria-current="page"' : ''}>${titles.get(name)}</a>`
  const api = order.filter((name) => name.startsWith('api-'))
  const others = order.filter((name) => !name.startsWith('api-'))
  return `<nav aria-label="Pages">${others.map(link).join('\n')}<h2>API</h2>${api.map(link).join('\n')}</nav>`
}

function page(title, nav, body) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}${title === 'vmarea' ? '' : ' · vmarea'}</title>
<style>${STYLE}</style>
${nav}
<main>
${body}
</main>
</html>
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setUp()
  const output = join(root, 'build', 'docs')
  console.log(`${buildDocs(output).length} pages: ${join(output, 'index.html')}`)
}

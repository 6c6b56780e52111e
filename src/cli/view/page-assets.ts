import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../linux/addon/package-root.js'
import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'

/** The page's parts, as `npm run build` bundles them. */
export interface PageAssets {
  readonly script: string
  readonly style: string
}

/** Reads the page's parts. */
export function pageAssets(): PageAssets {
  // Not beside this module: a bundle of the package has it elsewhere.
  const folder = join(packageRoot()?.folder ?? '.', 'dist', 'view', 'page')
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  try {
    return { script: read('page.js'), style: read('page.css') }
  } catch (error) {
    throw new CommandError(
      `the page is not built: ${(error as Error).message}. In a checkout, npm run build makes it`,
      EXIT.FAILED,
    )
  }
}

/** What every page forbids: anything that is not its own. Text can't become markup, for no sink of it takes a string. */
const ALWAYS = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"]

/** The policy of the page that a server serves. */
export const SERVED_POLICY: string = [
  ...ALWAYS,
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
].join('; ')

/** The page as it is served: its parts are files of the same server. */
export const SERVED_PAGE: string = page({
  head: '<link rel="stylesheet" href="/page.css">',
  tail: '<script src="/page.js" defer></script>',
})

/** One file with everything in it, the data included, that opens from a disk and loads nothing. */
export function selfContainedPage({ script, style }: PageAssets, data: unknown): string {
  const policy = [...ALWAYS, `script-src '${hashOf(script)}'`, `style-src '${hashOf(style)}'`].join('; ')
  // In JSON a < stands in strings alone, so that none of them can end the element.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c')
  return page({
    head: `<meta http-equiv="Content-Security-Policy" content="${policy}"><style>${style}</style>`,
    tail: `<script type="application/json" id="data">${json}</script><script>${script}</script>`,
  })
}

function page({ head, tail }: { head: string; tail: string }): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>vmarea view</title>
<link rel="icon" href="data:,">${head}</head>
<body><div id="app"><noscript>This page draws with JavaScript.</noscript></div>${tail}</body></html>
`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

// Checks and bundles the page of `vmarea view` (src/view/page) into dist/view/page, which the compiler empties when any source has changed.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const output = join(root, 'dist', 'view', 'page')

/**
 * Builds the page unless it is built.
 *
 * @param {(project: string) => void} typeCheck runs the compiler on a project
 */
export async function buildPage(typeCheck) {
  if (existsSync(join(output, 'page.js'))) return
  typeCheck('tsconfig.page.json')
  const { build } = await import('esbuild')
  const source = join(root, 'src', 'view', 'page')
  await build({
    entryPoints: { page: join(source, 'main.tsx') },
    outdir: output,
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome123', 'firefox121', 'safari17.5'],
    charset: 'utf8',
    banner: { js: `/* With Preact:\n${readFileSync(join(root, 'node_modules', 'preact', 'LICENSE'), 'utf8')}*/` },
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.txt': 'text' },
    logLevel: 'warning',
  })
  await build({
    entryPoints: { page: join(source, 'page.css') },
    outdir: output,
    bundle: true,
    minify: true,
    charset: 'utf8',
    logLevel: 'warning',
  })
}

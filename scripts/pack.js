// npm pack and npm publish call this: `before` puts the published form in place, `after` gives the checkout its own form back.
// VMAREA_PACK=here takes the binary of this machine alone, as its own compiler builds it: enough to try the package here.
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.js'
import { prebuild } from './prebuild.js'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const headers = join(root, 'native', 'node-api')
const dist = join(root, 'dist')
const ownDist = join(root, 'build', 'dist')
const prebuilds = join(root, 'prebuilds')
const ownPrebuilds = join(root, 'build', 'prebuilds')

if (process.argv[2] === 'after') restore()
else {
  try {
    await publishedForm()
  } catch (error) {
    // npm runs no postpack after an error.
    restore()
    throw error
  }
}

async function publishedForm() {
  restore()
  await setUp()
  if (process.env.VMAREA_PACK === 'here') binaryOfThisMachine()
  else await prebuild()
  // The fall-back build of an installed package requires a compiler and nothing else.
  cpSync(createRequire(import.meta.url)('node-api-headers').include_dir, headers, { recursive: true })
  const bundled = join(root, 'build', 'bundle')
  await bundle(dist, bundled)
  const manPage = execFileSync(process.execPath, [join(bundled, 'cli', 'main.js'), 'help', '--man'])
  writeFileSync(join(bundled, 'vmarea.1'), manPage)
  renameSync(dist, ownDist)
  renameSync(bundled, dist)
}

function binaryOfThisMachine() {
  const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
  if (existsSync(prebuilds)) renameSync(prebuilds, ownPrebuilds)
  else mkdirSync(ownPrebuilds)
  const folder = join(prebuilds, `linux-${process.arch}-${libc}`)
  mkdirSync(folder, { recursive: true })
  for (const name of ['vmarea.node', 'vmarea-keeper']) copyFileSync(join(root, 'build', name), join(folder, name))
}

/** Does nothing in a checkout that has its own form. */
function restore() {
  rmSync(headers, { recursive: true, force: true })
  for (const [place, own] of [
    [dist, ownDist],
    [prebuilds, ownPrebuilds],
  ]) {
    if (!existsSync(own)) continue
    rmSync(place, { recursive: true, force: true })
    renameSync(own, place)
  }
}

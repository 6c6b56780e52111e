// Puts the addon where the published package looks for it: prebuilds/<platform>-<arch>-<libc>/vmarea.node.
import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
const folder = join(root, 'prebuilds', `linux-${process.arch}-${libc}`)
mkdirSync(folder, { recursive: true })
copyFileSync(join(root, 'build', 'vmarea.node'), join(folder, 'vmarea.node'))

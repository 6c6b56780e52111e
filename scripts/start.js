// npm start: sets up what is missing, then runs the tour. Arguments go to the tour.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
console.error(
  'vmarea: builds what is missing in this checkout (packages, the C++ addon, TypeScript), then runs the tour',
)
await setUp()
const result = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'tour', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exitCode = result.status ?? 1

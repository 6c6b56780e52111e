// A program that adds up a file's bytes, of which most have gone meanwhile, prints the sum and ends. Right: a warning or an exit code says that the sum is of
// zeros that are not the file's, although the event loop never turns again: at the natural end, and at process.exit().
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const target = (entry) => (typeof entry === 'string' ? entry : target(entry.import ?? entry.default ?? entry.node))
const load = (name) =>
  import(pathToFileURL(resolve(target(JSON.parse(readFileSync('package.json', 'utf8')).exports[name]))))
const wrong = (why) => {
  console.log(`wrong: ${why.replaceAll('\n', ' ').slice(0, 300)}`)
  process.exit(1)
}
const right = (what) => {
  console.log(`right: ${what}`)
  process.exit(0)
}
const inChild = (flags = [], { timeout = 20_000, env = {} } = {}) =>
  spawnSync(process.execPath, [...flags, fileURLToPath(import.meta.url), 'child'], {
    encoding: 'utf8',
    timeout,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...env },
  })
const isParent = process.argv[2] !== 'child'

if (isParent) {
  for (const end of ['', 'exit']) {
    const child = inChild([], { env: { END: end } })
    if (child.stdout.trim() !== '28672')
      wrong(`the child printed ${child.stdout.trim()} and ended with ${child.signal ?? child.status}`)
    if (!/fault/i.test(child.stderr) && child.status === 0)
      wrong(
        `seven pages past the end of the file were added up as zeros, and the process ended ${end ? 'by process.exit ' : ''}with code 0 and no word`,
      )
  }
  right('it is told')
}
const folder = mkdtempSync(join(tmpdir(), 'sec-'))
const file = join(folder, 'file')
writeFileSync(file, Buffer.alloc(8 * 4096, 7))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const { map } = await load('.')
const { bytes } = map({ file })
truncateSync(file, 4096)
console.log(bytes.reduce((sum, byte) => sum + byte, 0))
if (process.env.END === 'exit') process.exit()

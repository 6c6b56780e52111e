// Makes a checkout ready: installs from the lock file, compiles the addon and the TypeScript, each only when stale.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {{ tests?: boolean }} options `tests`: compile the tests as well */
export async function setUp({ tests = false } = {}) {
  installPackages()
  const { buildNative } = await import('./build-native.js')
  await buildNative().catch((error) => {
    console.error(error.message)
    process.exit(1)
  })
  compile('src', 'dist', '.')
  const { buildPage } = await import('./build-page.js')
  await buildPage(tsc)
  if (tests) {
    compile('test', 'test-dist', 'test', ['src'])
    await publishForTests(join(root, 'test-dist', 'published'))
  }
}

function installPackages() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const stamp = join(root, 'node_modules', '.vmarea-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error('installing packages from the lock file')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, lock)
}

function compile(source, output, project, alsoAfter = []) {
  const stamp = join(root, output, '.stamp')
  const newest = Math.max(
    ...[source, ...alsoAfter].map((folder) => newestIn(join(root, folder))),
    ...['tsconfig.json', 'tsconfig.base.json', 'tsconfig.page.json', 'package-lock.json'].map(
      (name) => statSync(join(root, name)).mtimeMs,
    ),
  )
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return
  console.error(`compiling the TypeScript of ${source}/`)
  rmSync(join(root, output), { recursive: true, force: true })
  tsc(project)
  mkdirSync(join(root, output), { recursive: true })
  writeFileSync(stamp, '')
}

/** Tests that start many processes or threads load the published form, in half the time. The compiler empties the folder. */
async function publishForTests(folder) {
  const stamp = join(folder, '.stamp')
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(root, 'scripts', 'bundle.js')).mtimeMs) return
  rmSync(folder, { recursive: true, force: true })
  const { bundle } = await import('./bundle.js')
  await bundle(join(root, 'dist'), folder)
  writeFileSync(stamp, '')
}

function tsc(project) {
  run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', project])
}

function newestIn(folder) {
  let newest = statSync(folder).mtimeMs
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    newest = Math.max(newest, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs)
  }
  return newest
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.error) throw result.error
  if (result.status !== 0) {
    console.error(`${command} ${args.join(' ')} exited with ${result.status ?? result.signal}`)
    process.exit(1)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setUp()

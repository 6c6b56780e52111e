// Bundles the compiled modules for the published package: one module an entry point and a worker, and what they share in a few chunks.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const urlBesideModule = /new URL\(\s*(['"])(\.[^'"]+\.js)\1,\s*import\.meta\.url\)/g
/** Its modules are loaded by URLs that the program composes: each becomes a module of `drivers/`. */
const driversFolder = 'conformance/drivers'
/** What the threads that are started for each device and each swap load: their programs, and what a driver imports. */
const deviceThread = ['device.js', 'pager/device/server/pager-thread.js']
const swapThread = ['pager/swap/server/swap-thread.js']
const SCHEME = 'bundle:'
const buildOptions = {
  bundle: true,
  splitting: true,
  write: false,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  legalComments: 'none',
  logLevel: 'warning',
  // Each thread compiles its modules again, and reads fewer bytes so; names and lines of a stack stay.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
}

/**
 * Bundles the modules of `dist` into the folder `output`, with the declarations that the entry points of package.json reach.
 *
 * An entry point imports six further modules at most. Of what entry points share, `base.js`, `paged.js` and `core.js` hold what the model
 * reaches, `served.js`, `swapped.js` and `host.js` the rest; the first of each three is what the thread of a device loads, the second what
 * the thread of a swap loads beside it. (esbuild's own splitting makes a chunk for each set of entry points that share something: 32 files
 * to import.)
 *
 * @param {string} dist
 * @param {string} output
 */
export async function bundle(dist, output) {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const modulesOf = (paths) =>
    Object.values(paths)
      .filter((path) => path.endsWith('.js'))
      .map((path) => relative('dist', path))
  const entries = modulesOf(exports)
  const programs = modulesOf(bin)
  const places = new Map(entries.map((name) => [join(dist, name), name]))
  // A module that another names by its URL (a worker, a driver) goes beside the bundles, and the URL is rewritten to match.
  for (const path of modulesNamedByUrl(dist)) if (!places.has(path)) places.set(path, basename(path))
  for (const name of modulesIn(join(dist, driversFolder)))
    places.set(join(dist, driversFolder, name), join('drivers', name))

  const inDist = (name) => join(dist, name)
  const bundles = await sharedModules(places, inDist('model.js'), deviceThread.map(inDist), swapThread.map(inDist))
  const options = {
    ...buildOptions,
    outdir: output,
    // At the top, so that a URL beside a chunk is a URL beside an entry point.
    chunkNames: '[name]-[hash]',
  }
  const entryPointsOf = (named) => named.map(([path, name]) => ({ in: path, out: name.replace(/\.js$/, '') }))
  const byUrl = { name: 'modules by URL', setup: rewriteUrls(places) }
  const library = await build({
    ...options,
    entryPoints: [
      ...entryPointsOf([...places]),
      ...[...bundles.keys()].map((name) => ({ in: `${SCHEME}${name}`, out: name })),
    ],
    plugins: [byUrl, { name: 'shared modules', setup: importFromBundles(bundles) }],
  })
  // With modules of its own, a command loads what it runs alone: `host.js` brings Node's HTTP, TLS and compression along.
  const shell = await shellModules(
    programs.map((name) => join(dist, name)),
    join(dist, 'cli', 'maps.js'),
  )
  const command = await build({
    ...options,
    entryPoints: [
      ...entryPointsOf(programs.map((name) => [join(dist, name), name])),
      ...[...shell.keys()].map((name) => ({ in: `${SCHEME}${name}`, out: name })),
    ],
    plugins: [byUrl, { name: 'shared modules', setup: importFromBundles(shell) }],
  })
  const outputFiles = [...library.outputFiles, ...command.outputFiles]
  rmSync(output, { recursive: true, force: true })
  for (const { path, text } of outputFiles) {
    const top = relative(dirname(path), output) || '.'
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text.replace(new RegExp(`(["'])${SCHEME}(\\w+)\\1`, 'g'), `"${top}/$2.js"`))
  }
  checkDepth(output)
  cpSync(join(dist, 'view', 'page'), join(output, 'view', 'page'), { recursive: true })
  writeDeclarations(
    dist,
    entries.map((name) => name.replace(/\.js$/, '.d.ts')),
    output,
  )
}

/** Resolves to the bundles of modules that two entry points or more reach: by name, the exports of each module by its path. */
async function sharedModules(places, model, ofDevice, ofSwap) {
  const imports = await importGraph([...places.keys()], ['import-statement', 'dynamic-import'])
  const reachedFrom = (entry) => modulesFrom(entry, imports, (path) => places.has(path))
  const counts = new Map()
  for (const entry of places.keys())
    for (const path of reachedFrom(entry)) if (path !== entry) counts.set(path, (counts.get(path) ?? 0) + 1)
  const ofModel = reachedFrom(model)
  const [ofDeviceThread, ofSwapThread] = [ofDevice, ofSwap].map(
    (entries) => new Set(entries.flatMap((path) => [...reachedFrom(path)])),
  )
  const bundles = new Map(['base', 'paged', 'core', 'served', 'swapped', 'host'].map((name) => [name, new Map()]))
  const bundleFor = (path) => {
    const [inModel, beside] = ofDeviceThread.has(path)
      ? ['base', 'served']
      : ofSwapThread.has(path)
        ? ['paged', 'swapped']
        : ['core', 'host']
    return ofModel.has(path) ? inModel : beside
  }
  for (const [path, count] of counts) if (count > 1) bundles.get(bundleFor(path)).set(path, exportsOf(path))
  for (const modules of bundles.values()) nameApart(modules)
  return bundles
}

/**
 * Resolves to the one bundle of what a program and its command `maps` import before they run: Node loads a module in less time than the
 * forty that esbuild's own splitting would make of it. The other commands import it too, and add what they alone run.
 */
async function shellModules(programs, maps) {
  const imports = await importGraph(programs, ['import-statement'])
  const paths = new Set([...programs, maps].flatMap((path) => [...modulesFrom(path, imports, () => false)]))
  for (const path of [...programs, maps]) paths.delete(path)
  const modules = new Map([...paths].map((path) => [path, exportsOf(path)]))
  nameApart(modules)
  return new Map([['shell', modules]])
}

/** Resolves to the modules that each module imports, by path. */
async function importGraph(entryPoints, kinds) {
  const { metafile } = await build({ ...buildOptions, entryPoints, outdir: root, metafile: true })
  return new Map(
    Object.entries(metafile.inputs).map(([path, input]) => [
      resolve(root, path),
      input.imports
        .filter(({ external, kind }) => !external && kinds.includes(kind))
        .map((imported) => resolve(root, imported.path)),
    ]),
  )
}

/** The modules that `entry` reaches, itself included, without those that `isApart` and what these reach. */
function modulesFrom(entry, imports, isApart) {
  const seen = new Set()
  const visit = (path) => {
    if (seen.has(path) || (path !== entry && isApart(path))) return
    seen.add(path)
    imports.get(path).forEach(visit)
  }
  visit(entry)
  return seen
}

/** Gives each export a name that is the only one in its bundle: `modules` maps to pairs of a name and that name. */
function nameApart(modules) {
  const taken = new Set()
  for (const [path, names] of modules) {
    const pairs = names.map((name) => [name, taken.has(name) ? `${name}$${taken.size}` : name])
    for (const [, apart] of pairs) taken.add(apart)
    modules.set(path, pairs)
  }
}

/** What a module declares: the compiler writes `export` at the beginning of a line. What it exports again, its bundle exports anyway. */
function exportsOf(path) {
  const code = readFileSync(path, 'utf8')
  if (/^export (\*|default|\{[^}]*\w[^}]*\};?$)/m.test(code))
    throw new Error(`${path}: a shared module must export declarations`)
  return [...code.matchAll(/^export (?:async )?(?:function\*?|class|const|let|var) (\w+)/gm)].map(([, name]) => name)
}

function listOf(pairs) {
  return pairs.map(([own, apart]) => (own === apart ? own : `${own} as ${apart}`)).join(', ')
}

function importFromBundles(bundles) {
  const bundleOf = (path) => [...bundles].find(([, modules]) => modules.has(path))?.[0]
  return ({ onResolve, onLoad }) => {
    onResolve({ filter: new RegExp(`^${SCHEME}`) }, ({ path, kind }) =>
      kind === 'entry-point' ? { path: path.slice(SCHEME.length), namespace: 'bundle' } : { path, external: true },
    )
    onLoad({ filter: /.*/, namespace: 'bundle' }, ({ path }) => ({
      contents: [...bundles.get(path)]
        .map(([module, pairs]) => `export { ${listOf(pairs)} } from ${JSON.stringify(module)}`)
        .join('\n'),
      resolveDir: root,
    }))
    onLoad({ filter: /.*/, namespace: 'renamed' }, ({ path }) => {
      const [module] = path.split('?')
      const name = bundleOf(module)
      const pairs = bundles
        .get(name)
        .get(module)
        .map(([own, apart]) => [apart, own])
      return { contents: `export { ${listOf(pairs)} } from '${SCHEME}${name}'` }
    })
    onResolve({ filter: /^\./ }, ({ path, importer, resolveDir, kind }) => {
      if (kind === 'entry-point') return undefined
      const module = resolve(resolveDir, path)
      const name = bundleOf(module)
      if (name === undefined || name === bundleOf(importer)) return undefined
      const renamed = bundles
        .get(name)
        .get(module)
        .some(([own, apart]) => own !== apart)
      // One for each importer, so that it becomes a part of the importer's bundle and no chunk of its own.
      return renamed ? { path: `${module}?${importer}`, namespace: 'renamed' } : { path: SCHEME + name, external: true }
    })
  }
}

function modulesIn(folder) {
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.js'))
}

/** Comments hold examples of such URLs. */
function codeOf(path) {
  return readFileSync(path, 'utf8').replace(/^\s*(\*|\/\/).*$/gm, '')
}

function modulesNamedByUrl(dist) {
  return modulesIn(dist).flatMap((name) => {
    const path = join(dist, name)
    return [...codeOf(path).matchAll(urlBesideModule)].map(([, , target]) => resolve(dirname(path), target))
  })
}

function rewriteUrls(places) {
  return ({ onLoad }) =>
    onLoad({ filter: /\.js$/, namespace: 'file' }, ({ path }) => {
      const contents = readFileSync(path, 'utf8').replace(urlBesideModule, (whole, quote, target) => {
        const place = places.get(resolve(dirname(path), target))
        // An example in a comment names a module of the reader's.
        return place === undefined ? whole : `new URL(${quote}./${place}${quote}, import.meta.url)`
      })
      return { contents, loader: 'js' }
    })
}

/** A URL beside a module is right in the top folder alone. */
function checkDepth(output) {
  for (const name of modulesIn(output))
    if (name.includes('/') && urlBesideModule.test(codeOf(join(output, name))))
      throw new Error(`${name} names a module by its URL: move that code into a module that is imported dynamically`)
}

/**
 * Copies the declarations that `entries` reach. Their source maps stay behind, as the sources do.
 * The reference to `Disposable` spares a project with an older `lib` the setting.
 */
function writeDeclarations(dist, entries, output) {
  const seen = new Set()
  const head = (path) => (entries.includes(path) ? '/// <reference lib="esnext.disposable" />\n' : '')
  const visit = (path) => {
    if (seen.has(path)) return
    seen.add(path)
    const text = readFileSync(join(dist, path), 'utf8')
    const target = join(output, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, head(path) + text.replace(/\/\/# sourceMappingURL=.*\n?$/, ''))
    for (const [, name] of text.matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)\.js['"]/g))
      visit(join(dirname(path), `${name}.d.ts`))
  }
  for (const entry of entries) visit(entry)
}

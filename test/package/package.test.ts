// The package as its users install it: packed, unpacked into a project of its own, and used there with what they use.
// It takes minutes and the network, so `npm run test:package` runs it and not `npm test`.
import assert from 'node:assert/strict'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { ordinaryUser, skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { InstalledProject, type Output } from './installed-project.js'

// Loaded before any test is declared: a test that is declared later runs when the folder is gone.
// The four binaries of the published package: `node scripts/prebuild.js` builds them, which takes minutes.
const { freshBinaries, targets } = (await import(join(root, 'scripts/prebuild.js'))) as {
  freshBinaries(): Promise<string[]>
  targets: Record<string, { machine: string; libc: string }>
}
const { checkBinary } = (await import(join(root, 'scripts/check-binary.js'))) as {
  checkBinary(path: string, target: { machine: string; libc: string }, kind?: 'addon' | 'program'): void
}
const fresh = await freshBinaries()

const project = new InstalledProject()

const program = `
const memory = mapMut({ length: 4096 })
memory.bytes[0] = 7
console.log('read', memory.bytes[0])
`
const client = `
import { Machine } from 'vmarea/model'
const memory = new Machine().spawn().mapMut({ length: 8192 })
memory.write(10, new Uint8Array([7]))
console.log('read', memory.read(10, new Uint8Array(1))[0])
`
const server = `import { mapMut } from 'vmarea'\n${program}`
const device = `import { openDevice } from 'vmarea'
const device = await openDevice(new URL('./pages.js', import.meta.url))
const memory = device.map()
console.log('read', memory.bytes[4096] + 5)
memory.unmap()
await device.close()
`
project.write('client.js', client)
project.write('server.js', server)
project.write(
  'pages.js',
  `import { defineDevice } from 'vmarea/device'
  export default defineDevice(() => ({ size: 8192, fault({ offset, bytes }) { bytes.fill(offset / 4096 + 1) } }))`,
)

function succeeds({ status, text }: Output): string {
  assert.equal(status, 0, text)
  return text
}

function reads(output: Output): void {
  assert.match(succeeds(output), /read 7/)
}

describe('the packed tarball', () => {
  test('is found right by publint', () => {
    assert.match(succeeds(project.tool('publint', [project.tarball, '--strict'])), /All good/)
  })

  test('has types for every way that an ES module resolves it, says attw', () => {
    succeeds(project.tool('attw', ['--profile', 'esm-only', '--format', 'ascii', project.tarball]))
  })

  test('holds no file that nothing reads', () => {
    const files = readdirSync(project.installed, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(project.installed, name)).isFile(),
    )
    const known =
      /^(dist\/.*(\.js|\.d\.ts)|dist\/view\/page\/page\.css|dist\/vmarea\.1|docs\/.*|examples\/.*|native\/.*(\.cc|\.h|\.map)|prebuilds\/[\w-]+\/(vmarea\.node|vmarea-keeper)|scripts\/(build-native|progress)\.js|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/
    assert.match(readFileSync(join(project.installed, 'dist/vmarea.1'), 'utf8'), /^\.TH VMAREA 1/)
    assert.deepEqual(
      files.filter((name) => !known.test(name)),
      [],
    )
    for (const name of files.filter((name) => /^dist\/.*\.(js|d\.ts)$/.test(name)))
      assert.doesNotMatch(readFileSync(join(project.installed, name), 'utf8'), /sourceMappingURL/, name)
  })

  test('has the keeper beside each binary, as a program', () => {
    const folder = join(project.installed, 'prebuilds')
    const platforms = readdirSync(folder)
    assert.notEqual(platforms.length, 0)
    for (const platform of platforms) accessSync(join(folder, platform, 'vmarea-keeper'), constants.X_OK)
  })

  test('loads few modules for each entry point', () => {
    const { exports } = JSON.parse(readFileSync(join(project.installed, 'package.json'), 'utf8'))
    for (const entry of Object.values<string>(exports).filter((name) => name.endsWith('.js'))) {
      const seen = new Set<string>()
      const visit = (path: string) => {
        if (seen.has(path)) return
        seen.add(path)
        const imports = readFileSync(path, 'utf8').matchAll(
          /^(?:import|export)\s+(?:[^'"]*?from\s+)?["'](\.[^"']+)["']/gm,
        )
        for (const [, target] of imports) visit(resolve(dirname(path), target!))
      }
      visit(join(project.installed, entry))
      assert.ok(seen.size <= 8, `${entry} loads ${seen.size} modules`)
    }
  })

  test('loads few modules for a command', () => {
    const { text } = project.run(process.execPath, [join(project.installed, 'dist/cli/main.js'), 'maps'], {
      NODE_DEBUG: 'esm',
    })
    const loaded = new Set(text.match(/\/dist\/[\w/.-]+\.js/g))
    assert.ok(loaded.size >= 2 && loaded.size <= 4, `maps loads ${[...loaded]}`)
  })
})

describe('an installed package', () => {
  test('is imported by a module', () => reads(project.program('esm.mjs', server)))

  test('is required from CommonJS', () => {
    reads(project.program('cjs.cjs', `const { mapMut } = require('vmarea')\n${program}`))
  })

  test('serves a device from the bundled module of its thread', () => {
    reads(project.program('device.mjs', device))
  })

  test('passes its own suite with its own drivers', () => {
    const source = `import { conformance } from 'vmarea/conformance'
      import { thisProcess } from 'vmarea'
      console.log(typeof conformance, typeof thisProcess)`
    assert.match(succeeds(project.program('conformance.mjs', source)), /function function/)
  })

  test('brings the command', () => {
    assert.match(succeeds(project.tool('vmarea', ['doctor'])), /^vmarea \d+\.\d+\.\d+ /)
    succeeds(project.tool('vmarea', ['view', String(process.pid), '--html', 'page.html']))
  })

  test('works from a folder that its user can not write', { skip: skipUnlessOrdinaryUser() }, () => {
    chmodSync(temporaryFolder, 0o755)
    const path = project.write('read-only.mjs', server)
    const [command, ...args] = [...ordinaryUser, process.execPath, path]
    reads(project.run(command!, args))
  })

  test('is installed by pnpm', () => {
    const folder = join(project.folder, 'with-pnpm')
    project.write('with-pnpm/package.json', '{ "name": "with-pnpm", "private": true, "type": "module" }')
    const flags = [
      '--dir',
      folder,
      '--ignore-scripts',
      '--ignore-workspace',
      '--store-dir',
      join(temporaryFolder, 'store'),
    ]
    succeeds(project.tool('pnpm', ['add', ...flags, project.tarball]))
    reads(project.program('with-pnpm/esm.mjs', server))
  })

  test('says how to build its binary where it has none, and a compiler alone builds it', () => {
    const copy = join(project.folder, 'from-source')
    const own = join(copy, 'node_modules', 'vmarea')
    cpSync(project.installed, own, { recursive: true })
    rmSync(join(own, 'prebuilds'), { recursive: true })
    const { status, text } = project.program('from-source/esm.mjs', server)
    assert.notEqual(status, 0)
    assert.match(text, /ERR_VMAREA_NOT_BUILT/)
    const [, script] = /run `node (\S+build-native\.js)`/.exec(text) ?? []
    assert.equal(script, join(own, 'scripts', 'build-native.js'), text)
    succeeds(project.run(process.execPath, [script!]))
    reads(project.program('from-source/esm.mjs', server))
  })

  test('is left out of a single executable and found beside it', () => {
    project.write(
      'single.cjs',
      `const { mapMut } = require('node:module').createRequire(process.execPath)('vmarea')\n${program}`,
    )
    project.write(
      'single.json',
      '{ "main": "single.cjs", "output": "single.blob", "disableExperimentalSEAWarning": true }',
    )
    succeeds(project.run(process.execPath, ['--experimental-sea-config', 'single.json']))
    const executable = join(project.folder, 'single')
    cpSync(process.execPath, executable)
    const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2']
    succeeds(project.tool('postject', [executable, 'NODE_SEA_BLOB', join(project.folder, 'single.blob'), ...fuse]))
    reads(project.run(executable, []))
  })
})

describe('TypeScript', () => {
  const use = `
    import { map, mapMut, openDevice } from 'vmarea'
    import { defineDevice } from 'vmarea/device'
    import { Machine } from 'vmarea/model'
    import { conformance } from 'vmarea/conformance'
    import http from 'vmarea/devices/http'
    import blocks from 'vmarea/devices/blocks'
    import * as stores from 'vmarea/stores'
    const memory = mapMut({ length: 4096 })
    const bytes: Uint8Array = memory.bytes
    bytes[0] = 1
    // @ts-expect-error: what is read-only has no writable bytes
    memory.makeReadOnly().bytes[0] = 2
    export { map, openDevice, defineDevice, Machine, conformance, http, blocks, stores }
  `
  const compile = (compiler: string, file: string, options: object): Output => {
    const compilerOptions = { noEmit: true, strict: true, target: 'es2022', ...options }
    const config = project.write(`${file}.json`, JSON.stringify({ compilerOptions, files: [file] }))
    return project.run(process.execPath, [join('node_modules', compiler, 'bin', 'tsc'), '-p', config])
  }
  project.write('use.ts', use)
  project.write('use.cts', use)

  const resolutions = [{ module: 'nodenext' }, { module: 'node16' }, { module: 'esnext', moduleResolution: 'bundler' }]
  for (const [version, compiler] of Object.entries({ '5.9': 'typescript', '7': 'typescript-7' })) {
    for (const resolution of resolutions) {
      for (const types of [['node'], []]) {
        // The older compiler takes seconds a run.
        if (compiler === 'typescript' && types.length === 0 && resolution.module !== 'nodenext') continue
        const name = `${resolution.moduleResolution ?? resolution.module}, ${types.length === 0 ? 'without' : 'with'} the types of Node`
        test(`${version} reads the declarations: ${name}`, () => {
          succeeds(compile(compiler, 'use.ts', { ...resolution, types }))
        })
      }
    }
    test(`${version} allows to require the package where nodenext does`, () => {
      succeeds(compile(compiler, 'use.cts', { module: 'nodenext', types: ['node'] }))
    })
  }
})

describe('a bundler', () => {
  const esbuild = (entry: string, output: string, ...flags: string[]) =>
    succeeds(
      project.tool('esbuild', [
        entry,
        '--bundle',
        '--format=esm',
        `--outfile=${output}`,
        '--log-level=warning',
        ...flags,
      ]),
    )

  test('puts the model into a web page: esbuild', () => {
    esbuild('client.js', 'out/client.js')
    reads(project.run(process.execPath, ['out/client.js']))
  })

  test('puts the model into a web page: Vite', () => {
    project.write(
      'vite.client.js',
      `export default { build: { lib: { entry: 'client.js', formats: ['es'], fileName: 'client' } } }`,
    )
    succeeds(project.tool('vite', ['build', '--config', 'vite.client.js', '--outDir', 'vite-client']))
    const [bundled] = readdirSync(join(project.folder, 'vite-client'))
    reads(project.run(process.execPath, [join('vite-client', bundled!)]))
  })

  test('leaves the package out of a server where the config says so: esbuild', () => {
    esbuild('server.js', 'out/server.js', '--platform=node', '--external:vmarea')
    reads(project.run(process.execPath, ['out/server.js']))
  })

  test('leaves the package out of a server by itself: Vite', () => {
    succeeds(project.tool('vite', ['build', '--ssr', 'server.js', '--outDir', 'vite-server']))
    reads(project.run(process.execPath, ['vite-server/server.js']))
  })

  for (const format of ['esm', 'cjs']) {
    test(`that takes the package apart is named by the error, with the line for the config: ${format}`, () => {
      const output = `out/apart.${format === 'esm' ? 'mjs' : 'cjs'}`
      const flags = ['--bundle', '--platform=node', `--format=${format}`, `--outfile=${output}`, '--log-level=error']
      succeeds(project.tool('esbuild', ['server.js', ...flags]))
      const { status, text } = project.run(process.execPath, [output])
      assert.notEqual(status, 0)
      assert.match(text, /ERR_VMAREA_NOT_BUILT/)
      assert.match(text, /external: \['vmarea'\]/)
    })
  }
})

describe('a test runner', () => {
  test('vitest maps memory and opens a device', () => {
    project.write(
      'vitest/maps.test.js',
      `import { expect, test } from 'vitest'
      import { mapMut, openDevice } from 'vmarea'
      test('maps', async () => {
        const memory = mapMut({ length: 4096 })
        memory.bytes[0] = 7
        expect(memory.bytes[0]).toBe(7)
        const device = await openDevice(new URL('../pages.js', import.meta.url))
        const pages = device.map()
        expect(pages.bytes[4096]).toBe(2)
        pages.unmap()
        await device.close()
      })`,
    )
    succeeds(project.tool('vitest', ['run', '--root', 'vitest']))
  })

  test('Jest runs ES modules, and import() in CommonJS, with --experimental-vm-modules', () => {
    const check = `const memory = mapMut({ length: 4096 })
      memory.bytes[0] = 7
      expect(memory.bytes[0]).toBe(7)`
    project.write('jest/module.test.mjs', `import { mapMut } from 'vmarea'\ntest('maps', () => { ${check} })`)
    project.write(
      'jest/common.test.cjs',
      `test('maps', async () => { const { mapMut } = await import('vmarea'); ${check} })`,
    )
    const flags = ['--rootDir', 'jest', '--testMatch', '**/*.test.*', '--moduleFileExtensions', 'js', 'mjs', 'cjs']
    succeeds(project.tool('jest', flags, { NODE_OPTIONS: '--experimental-vm-modules' }))
  })
})

const OTHER_RUNTIMES = { Bun: '@oven/bun-linux-x64/bin/bun', Deno: '@deno/linux-x64-glibc/deno' }

// docs/start.md has the table of what works.
for (const [runtime, path] of Object.entries(OTHER_RUNTIMES)) {
  describe(runtime, { skip: process.arch !== 'x64' && 'its binary is for x64' }, () => {
    const run = (file: string) => {
      const flags = runtime === 'Deno' ? ['run', '--allow-all'] : []
      return project.run(join('node_modules', path), [...flags, file])
    }

    test('runs the model', () => reads(run('client.js')))

    test('maps memory', () => reads(run('server.js')))

    test('contains a fault', () => {
      project.write(
        'fault.js',
        `import { mapMut } from 'vmarea'
        const memory = mapMut({ length: 4096 }).makeReadOnly()
        try { memory.access((bytes) => { bytes[0] = 1 }) } catch ({ code }) { console.log(code) }`,
      )
      assert.match(succeeds(run('fault.js')), /ERR_VMAREA_FAULT/)
    })

    test(runtime === 'Deno' ? 'can not serve a device: EBADF' : 'serves a device', () => {
      project.write('device.js', device)
      if (runtime === 'Bun') return reads(run('device.js'))
      const { status, text } = run('device.js')
      assert.notEqual(status, 0)
      assert.match(text, /os error 9/)
    })
  })
}

const skipUnlessFresh = (names: readonly string[]) =>
  names.every((name) => fresh.includes(name)) ? false : 'it is not built from these sources: node scripts/prebuild.js'

describe('the binary of', () => {
  const folder = join(project.folder, 'every-binary')
  const uses = `${program}
    import { map, openDevice } from 'vmarea'
    import { truncateSync, writeFileSync } from 'node:fs'
    writeFileSync('cut-file', new Uint8Array(8192))
    const cut = map({ file: 'cut-file' })
    truncateSync('cut-file', 0)
    try { cut.access((bytes) => bytes[4096]) } catch ({ code, reason }) { console.log(code, reason) }
    if (process.argv.includes('device')) {
      const device = await openDevice(new URL('../pages.js', import.meta.url))
      const pages = device.map()
      console.log('device', pages.bytes[4096])
      pages.unmap()
      await device.close()
    }
    console.log('ran on', process.arch)
  `

  for (const [name, target] of Object.entries(targets)) {
    const skip = skipUnlessFresh([name])

    test(`${name} requires an old C library alone, is stripped and holds no path of the machine that built it`, {
      skip,
    }, () => {
      checkBinary(join(root, 'prebuilds', name, 'vmarea.node'), target)
      checkBinary(join(root, 'prebuilds', name, 'vmarea-keeper'), target, 'program')
    })

    test(`${name} maps memory and contains a fault`, { skip }, async (context) => {
      let command: readonly string[]
      try {
        const { foreignNode } = await import('./foreign-node.js')
        command = foreignNode(name)
      } catch (error) {
        return context.skip(`this machine has no Node for it: ${(error as Error).message}`)
      }
      const own = join(folder, 'node_modules', 'vmarea')
      if (!existsSync(own)) {
        cpSync(project.installed, own, { recursive: true })
        rmSync(join(own, 'prebuilds'), { recursive: true })
        cpSync(join(root, 'prebuilds'), join(own, 'prebuilds'), { recursive: true })
      }
      const file = project.write('every-binary/uses.mjs', `import { mapMut } from 'vmarea'\n${uses}`)
      // qemu's emulation of a user's program has no userfaultfd, and no signals to a thread that waits.
      const isNative = name.includes(`-${process.arch}-`)
      const said = succeeds(project.run(command[0]!, [...command.slice(1), file, ...(isNative ? ['device'] : [])]))
      assert.match(said, /read 7/)
      assert.match(said, /ERR_VMAREA_FAULT past-end-of-file/)
      if (isNative) assert.match(said, /device 2/)
      assert.match(said, new RegExp(`ran on ${name.split('-')[1]}`))
    })
  }
})

test('the package with all its binaries has at most 2.5 MB', { skip: skipUnlessFresh(Object.keys(targets)) }, () => {
  const pack = project.run('npm', ['pack', '--json', '--silent', '--pack-destination', project.folder, root])
  const [{ size, files }] = JSON.parse(/^\[[\s\S]*^\]/m.exec(pack.text)![0]) as [
    { size: number; files: { path: string }[] },
  ]
  assert.equal(files.filter(({ path }) => path.endsWith('vmarea.node')).length, 4)
  assert.ok(size <= 2.5 * 1000 * 1000, `${size} bytes`)
})

test('packing gives the checkout its own form back', () => {
  assert.ok(existsSync(join(root, 'dist', '.stamp')))
  assert.ok(!existsSync(join(root, 'native', 'node-api')))
})

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'

/** What the package's users compile, bundle and test with. Exact versions: a new one of theirs is no change of ours. */
const tools = [
  'typescript@5.9.3',
  'typescript-7@npm:typescript@7.0.2',
  '@types/node@20.19.43',
  'esbuild@0.28.2',
  'vite@8.4.0',
  'vitest@4.1.12',
  'jest@30.5.2',
  'pnpm@10.34.8',
  'publint@0.3.25',
  '@arethetypeswrong/cli@0.18.5',
  'postject@1.0.0-alpha.6',
  ...(process.arch === 'x64' ? ['@oven/bun-linux-x64@1.4.5', '@deno/linux-x64-glibc@2.9.6'] : []),
]

export interface Output {
  readonly status: number | null
  /** Standard output and standard error. */
  readonly text: string
}

/** A project outside the checkout into which the packed tarball is installed. */
export class InstalledProject {
  readonly tarball: string
  readonly folder = join(temporaryFolder, 'project')

  /** Packs the package with this machine's binary, and installs it beside the tools. No package runs a script of its own. */
  constructor() {
    const env = { ...process.env, VMAREA_PACK: 'here' }
    execFileSync('npm', ['pack', '--silent', '--pack-destination', temporaryFolder], { cwd: root, env })
    const name = readdirSync(temporaryFolder).find((file) => file.endsWith('.tgz'))!
    this.tarball = join(temporaryFolder, name)
    this.write('package.json', '{ "name": "project", "private": true, "type": "module" }')
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
    const { status, text } = this.run('npm', ['install', ...flags, this.tarball, ...tools])
    if (status !== 0) throw new Error(`npm could not install the tarball and the tools: ${text}`)
  }

  /** The installed package. */
  get installed(): string {
    return join(this.folder, 'node_modules', 'vmarea')
  }

  write(name: string, content: string): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Output {
    const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: this.folder,
      encoding: 'utf8',
      env: { ...inherited, CI: '1', NO_COLOR: '1', ...env },
      // A hang ends with a name; a build on a machine under load takes minutes.
      timeout: 900_000,
    })
    if (error !== undefined) throw error
    return { status, text: stdout + stderr }
  }

  /** Runs the command of an installed tool. */
  tool(name: string, args: readonly string[], env?: NodeJS.ProcessEnv): Output {
    return this.run(join('node_modules', '.bin', name), args, env)
  }

  /** Writes a program and runs it. */
  program(name: string, source: string): Output {
    return this.run(process.execPath, [this.write(name, source)])
  }
}

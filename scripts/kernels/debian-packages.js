import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchBy, run } from './commands.js'
import { Unavailable } from './unavailable.js'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** One suite's list is fetched once a run. */
const updated = new Set()

/** A suite of Debian's archive, read through a root of apt's own, so that nothing is installed and this machine's lists stay as they are. */
export class DebianPackages {
  #architecture
  #folder
  #options
  #suite

  /**
   * @param {string} cache a folder that may be kept
   * @param {string} suite
   * @param {string} architecture
   */
  constructor(cache, suite, architecture) {
    this.#architecture = architecture
    this.#suite = suite
    this.#folder = join(cache, 'apt', `${suite}-${architecture}`)
    const at = (...names) => join(this.#folder, ...names)
    this.#options = Object.entries({
      Dir: at(),
      'Dir::State': at('state'),
      'Dir::State::status': at('status'),
      'Dir::Cache': at('cache'),
      'Dir::Etc': at('etc'),
      'Dir::Etc::sourcelist': at('etc', 'sources.list'),
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
      'APT::Install-Recommends': 'false',
      'APT::Sandbox::User': '',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '2',
      'Acquire::http::Timeout': '30',
    }).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  }

  /** Names of packages that match, the one of the newest version last. */
  names(pattern) {
    this.#update()
    return `${run('apt-cache', [...this.#options, 'pkgnames'])}`
      .split('\n')
      .filter((name) => pattern.test(name))
      .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
  }

  /** Fetches packages, where they are not there yet. Returns their paths. */
  fetch(names) {
    const folder = join(this.#folder, 'packages')
    mkdirSync(folder, { recursive: true })
    const missing = names.filter((name) => packageIn(folder, name) === undefined)
    if (missing.length > 0) {
      this.#update()
      fetchBy('apt-get', [...this.#options, 'download', '-qq', ...missing], { cwd: folder })
    }
    return names.map((name) => {
      const path = packageIn(folder, name)
      if (path === undefined) throw new Unavailable(`apt-get fetched no package ${name}`)
      return path
    })
  }

  /** Fetches packages and all that they depend on. Returns their paths. */
  fetchWithDependencies(names) {
    this.#update()
    const archives = join(this.#folder, 'cache', 'archives')
    fetchBy('apt-get', [...this.#options, 'install', '--download-only', '--yes', '-qq', ...names])
    return readdirSync(archives)
      .filter((name) => name.endsWith('.deb'))
      .map((name) => join(archives, name))
  }

  #update() {
    if (updated.has(this.#folder)) return
    if (!existsSync(KEYRING)) throw new Unavailable('install debian-archive-keyring: it checks what is fetched')
    for (const folder of ['state/lists/partial', 'cache/archives/partial', 'etc/apt.conf.d', 'etc/preferences.d'])
      mkdirSync(join(this.#folder, folder), { recursive: true })
    writeFileSync(join(this.#folder, 'status'), '')
    const source = `deb [signed-by=${KEYRING}] ${archiveOfThisMachine()} ${this.#suite} main\n`
    writeFileSync(join(this.#folder, 'etc', 'sources.list'), source)
    try {
      fetchBy('apt-get', [...this.#options, 'update', '-qq', '--error-on=any'])
    } catch (error) {
      throw new Unavailable(`Debian's ${this.#suite} for ${this.#architecture} can't be had here: ${error.message}`)
    }
    updated.add(this.#folder)
  }
}

function packageIn(folder, name) {
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'))
  return file && join(folder, file)
}

/** The archive of this machine's own packages, which has the other suites too. */
function archiveOfThisMachine() {
  const format = '$(ORIGIN) $(LABEL) $(REPO_URI)'
  const lines = `${run('apt-get', ['indextargets', '--format', format])}`.split('\n')
  const found = lines.map((line) => /^Debian Debian (\S+)$/.exec(line)?.[1]).find((uri) => uri !== undefined)
  if (found === undefined)
    throw new Unavailable("apt-get knows no archive of Debian's: run apt-get update on a Debian machine")
  return found
}

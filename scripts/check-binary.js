import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'

const GLIBC_FLOOR = [2, 28]

/**
 * Reads what a binary requires, and throws unless it is for its machine, asks for no glibc above the floor and for no C++ library, is
 * stripped and holds no path of the machine that built it. An addon stays loaded (`nodelete`) and exports no more than Node looks up; a
 * program can be run by everyone.
 *
 * @param {string} path
 * @param {{ machine: string, libc: 'glibc' | 'musl' }} target
 * @param {'addon' | 'program'} kind
 */
export function checkBinary(path, { machine, libc }, kind = 'addon') {
  const text = readelf(path, '--file-header', '--dynamic', '--version-info', '--sections', '--dyn-syms')
  const faults = []
  if (!new RegExp(`Machine: .*${machine}`, 'i').test(text)) faults.push(`is not for ${machine}`)
  if (/\.(debug_info|symtab)\b/.test(text)) faults.push('is not stripped')
  const libraries = [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name)
  const expected = libc === 'glibc' ? /^(lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux.*)$/ : /^libc\.(musl-.*\.)?so/
  for (const name of libraries) if (!expected.test(name)) faults.push(`requires ${name}`)
  for (const [, major, minor] of text.matchAll(/\bGLIBC_(\d+)\.(\d+)/g)) {
    if (libc === 'musl') faults.push('requires glibc')
    else if (+major > GLIBC_FLOOR[0] || +minor > GLIBC_FLOOR[1]) faults.push(`requires glibc ${major}.${minor}`)
  }
  faults.push(...(kind === 'addon' ? faultsOfAddon(text) : faultsOfProgram(path, text)))
  const bytes = readFileSync(path, 'latin1')
  for (const found of new Set(bytes.match(/\/(work|home|root|tmp|build)\/[\w./-]{3,}/g)))
    faults.push(`holds the path ${found}`)
  if (faults.length > 0) throw new Error(`${path}:\n  ${[...new Set(faults)].join('\n  ')}`)
}

function faultsOfAddon(text) {
  const faults = /NODELETE/.test(text) ? [] : ['is unloaded with the Worker that loaded it']
  const symbols = [...text.matchAll(/(GLOBAL|WEAK) +DEFAULT +(\S+) (\S+)/g)]
  const undefinedNapi = symbols.filter(([, , section, name]) => section === 'UND' && name.startsWith('napi_'))
  if (undefinedNapi.length === 0) faults.push('calls no Node-API')
  for (const [, , section, name] of symbols)
    if (section !== 'UND' && !/^(napi_register_module_v1|node_api_module_get_api_version_v1)$/.test(name))
      faults.push(`exports ${name}`)
  return faults
}

function faultsOfProgram(path, text) {
  const faults = /\.interp\b/.test(text) ? [] : ['names no loader']
  if ((statSync(path).mode & 0o111) !== 0o111) faults.push('may not be run by everyone')
  return faults
}

function readelf(path, ...options) {
  const { status, stdout, stderr, error } = spawnSync('readelf', ['--wide', ...options, path], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`readelf can't read ${path}: ${error?.message ?? stderr}`)
  return stdout
}

// npm run test:sanitizers -- [address] [thread] [PART…]: runs test files with the addon built for ASan and UBSan, and for TSan, each in a copy of
// the built checkout, and fails on a report about the addon from any process that the tests start.
//
// Node itself is not built for them. Without parts, `address` runs on every file, and `thread` on those about locks, the guard and the pager.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildNative } from './build-native.js'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const compiler = process.env.CXX || 'c++'

/** What can't be run, by part of the file's name, beside what a variant leaves out. */
const excluded = {
  'linux/limits': 'the shadow memory of a sanitizer is beyond any limit of addresses',
  'house/': 'reads sources alone',
  'docs/': 'reads pages alone',
  'types/': 'runs the compiler alone',
  'package/': 'builds a binary of its own',
  'conformance/browser': 'runs in another program',
}

const variants = {
  address: {
    flags: '-fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer -g',
    libraries: ['libasan.so', 'libubsan.so'],
    parts: [],
    leaves: {
      'linux/held-flags': 'locks all memory, of which the shadow is too large a part',
      'linux/without-proc': 'has lines of its own on the standard error where /proc is missing',
      'pager/guard-source': 'maps at addresses that the shadow memory has; `thread` runs it',
      'mapping/states': 'looks at addresses after an unmap, where the sanitizer maps memory of its own',
      'model/differential': 'maps at addresses that the shadow memory has',
      'view/picture': 'starts a browser by the script that makes the pictures',
      'view/kernel': 'runs its calls in a process with a gibibyte of addresses, in which no shadow memory has room',
    },
    // Faults are the library's subject: its own handler takes them, on the thread's own stack. The engine leaves memory behind at its end.
    options: {
      ASAN_OPTIONS:
        'detect_leaks=0:handle_segv=0:handle_sigbus=0:allow_user_segv_handler=1:use_sigaltstack=0:detect_stack_use_after_return=0:abort_on_error=0:quarantine_size_mb=16',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    },
  },
  thread: {
    flags: '-fsanitize=thread -g',
    libraries: ['libtsan.so'],
    leaves: { 'linux/workers': 'counts descriptors, of which the sanitizer has one for its reports' },
    parts: [
      'mm/lock',
      'mm/ending',
      'pager/guard-source',
      'pager/faults',
      'pager/kill',
      'userfaultfd/threads',
      'userfaultfd/events',
    ],
    // The engine is not built for it, and has no memory between its mutexes as far as the sanitizer sees.
    options: {
      TSAN_OPTIONS:
        'handle_segv=0:handle_sigbus=0:report_signal_unsafe=0:report_thread_leaks=0:die_after_fork=0:exitcode=0',
    },
  },
}

const asked = process.argv.slice(2).filter((word) => word !== '--')
const names = asked.filter((word) => Object.hasOwn(variants, word))
const parts = asked.filter((word) => !Object.hasOwn(variants, word))
await setUp({ tests: true })
let failed = false
for (const name of names.length > 0 ? names : Object.keys(variants)) failed = (await runVariant(name)) || failed
process.exit(failed ? 1 : 0)

/** True where something was found. */
async function runVariant(name) {
  const { flags, libraries, options, parts: own, leaves } = variants[name]
  const preload = libraries.map(libraryOf)
  if (preload.some((path) => path === undefined)) {
    console.log(`${name}: skipped, ${compiler} has no ${libraries.join(' or no ')}`)
    return false
  }
  const objects = join('build', 'sanitizers', name)
  const output = join(objects, 'vmarea.node')
  await buildNative({ compiler: `${compiler} ${flags}`, objects: join(objects, 'objects'), output })
  const copy = copyOf(output)
  const reports = mkdtempSync(join(tmpdir(), 'vmarea-reports-'))
  chmodSync(reports, 0o777) // a test may run a process as another user
  try {
    const wanted = parts.length > 0 ? parts : own
    const files = testFiles().filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    const out = { ...excluded, ...leaves }
    const left = files.filter((file) => !Object.keys(out).some((part) => file.includes(part)))
    for (const [part, why] of Object.entries(out))
      if (files.some((file) => file.includes(part))) console.log(`${name}: leaves ${part} out: ${why}`)
    console.log(`${name}: ${left.length} files`)
    const environment = { ...process.env, LD_PRELOAD: preload.join(' ') }
    for (const [variable, value] of Object.entries(options))
      environment[variable] = `${value}:log_path=${join(reports, name)}`
    // The shadow memory stands at fixed addresses, which must be free.
    const command = [
      'setarch',
      '-R',
      process.execPath,
      '--expose-gc',
      '--test',
      '--test-reporter=spec',
      '--test-timeout=1200000',
    ]
    const run = spawnSync(command[0], [...command.slice(1), ...left.map((file) => join(copy, 'test-dist', file))], {
      cwd: copy,
      env: environment,
      stdio: 'inherit',
    })
    const all = readdirSync(reports)
      .flatMap((name) => readFileSync(join(reports, name), 'utf8').split(/^=+$/m))
      .filter((report) => /ERROR|WARNING|runtime error/.test(report))
    const found = all.filter(isOfTheAddon)
    for (const report of found.slice(0, 20)) console.error(report)
    console.log(
      `${name}: ${found.length} reports, ${all.length - found.length} about the engine alone; the tests ended with ${run.status ?? run.signal}`,
    )
    return found.length > 0 || run.status !== 0
  } finally {
    rmSync(copy, { recursive: true, force: true })
    rmSync(reports, { recursive: true, force: true })
  }
}

/**
 * Whether a report is about code of the addon. The engine is not built for it: what its own threads do to its own memory has reports too, also
 * while the addon calls it. So the innermost frame of a stack counts, beside those of the sanitizer.
 */
function isOfTheAddon(report) {
  if (/^native\/.*runtime error/m.test(report)) return true
  // libuv closes by syscall(2), unseen: a number that the engine had opened once is the addon's own now.
  const descriptor = /Location is file descriptor \d+ created by.*\n((?:\s*#\d+ .*\n)+)/.exec(report)
  if (descriptor !== null && !/vmarea\.node|native\//.test(descriptor[1])) return false
  return report.split(/\n\s*\n/).some((stack) => {
    const frames = stack.split('\n').filter((line) => /^\s*#\d+ /.test(line))
    const innermost = frames.find((frame) => !/libsanitizer|lib[atu]\w*san\.so/.test(frame))
    return innermost !== undefined && /vmarea\.node|native\//.test(innermost)
  })
}

/** Where the compiler has the library; `undefined` where it has none. */
function libraryOf(name) {
  const { stdout } = spawnSync('sh', ['-c', `${compiler} -print-file-name=${name}`], { encoding: 'utf8' })
  const path = stdout.trim()
  return path !== name && existsSync(path) ? path : undefined
}

/** The checkout with another binary. */
function copyOf(binary) {
  const copy = mkdtempSync(join(tmpdir(), 'vmarea-sanitized-'))
  chmodSync(copy, 0o755)
  for (const entry of readdirSync(root)) {
    if (['node_modules', 'build', '.git'].includes(entry)) continue
    cpSync(join(root, entry), join(copy, entry), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  mkdirSync(join(copy, 'build'))
  for (const name of [basename(binary), 'vmarea-keeper'])
    cpSync(join(root, dirname(binary), name), join(copy, 'build', name))
  return copy
}

function testFiles() {
  return readdirSync(join(root, 'test-dist'), { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .sort()
}

// The fault guard among other handlers: V8's, libuv's, another addon's, and the default.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runInChild, survives } from '../support/run-in-child.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'

const faults = `
const touch = () => {
  const file = args[0]
  fs.writeFileSync(file, new Uint8Array(4 * page))
  const mapping = map({ file })
  const { bytes } = mapping
  fs.truncateSync(file, page)
  assert.equal(bytes[page], 0) // SIGBUS
  const readOnly = map({ length: page })
  readOnly.bytes[0] = 1 // SIGSEGV
  assert.equal(mapping.faults, 1)
  assert.equal(readOnly.faults, 1)
  assert.throws(() => mapping.access((bytes) => bytes[0]), MemoryFault)
  mapping.unmap()
  readOnly.unmap()
}
`

// (module (memory 1) (func (export "load") (param i32) (result i32) local.get 0 i32.load))
const wasm = `
const { exports: { load } } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1,
  7, 8, 1, 4, 108, 111, 97, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11,
])))
const trap = () => assert.throws(() => load(0x7fffffff), WebAssembly.RuntimeError)
`

/** A shared object that, as it is loaded, does what an addon with a crash handler does. Answers its path, or why there is none. */
function library(name: string, body: string): string {
  // Once: a child that runs meanwhile may be loading it.
  const built = libraries.get(name)
  if (built !== undefined) return built
  const source = join(temporaryFolder, `${name}.c`)
  const object = join(temporaryFolder, `${name}.node`)
  writeFileSync(
    source,
    `#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static struct sigaction before[65];
static void install(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(signal, &action, &before[signal]);
}
static void say(const char* text) { if (write(1, text, strlen(text)) < 0) _exit(9); }
${body}
void* napi_register_module_v1(void* environment, void* exports) { (void)environment; return exports; }
`,
  )
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', object, source])
  libraries.set(name, object)
  return object
}

const libraries = new Map<string, string>()

const load = (path: string) => `
{
  try { process.dlopen({ exports: {} }, ${JSON.stringify(path)}) } catch (error) { console.log(error.message) }
}
`

const catcher = () =>
  library(
    'catcher',
    `static void caught(int signal, siginfo_t* info, void* context) { say("caught\\n"); _exit(42); }
__attribute__((constructor)) static void start(void) { install(SIGSEGV, caught); install(SIGBUS, caught); }`,
  )

/** One that hands on what it does not know, as crash reporters do. */
const reporter = () =>
  library(
    'reporter',
    `static int calls;
static void report(int signal, siginfo_t* info, void* context) {
  if (++calls > 1000) _exit(43);
  if (before[signal].sa_flags & SA_SIGINFO) { before[signal].sa_sigaction(signal, info, context); return; }
  struct sigaction fallback;
  memset(&fallback, 0, sizeof fallback);
  fallback.sa_handler = SIG_DFL;
  sigaction(signal, &fallback, NULL);
}
__attribute__((constructor)) static void start(void) { install(SIGSEGV, report); install(SIGBUS, report); }`,
  )

/** One that, once it was called, puts back the handler that it found, and has the fault come again. */
const restorer = () =>
  library(
    'restorer',
    `static void restore(int signal, siginfo_t* info, void* context) {
  (void)info; (void)context;
  sigaction(signal, &before[signal], NULL);
}
__attribute__((constructor)) static void start(void) { install(SIGSEGV, restore); install(SIGBUS, restore); }`,
  )

const crash = () => library('crash', '__attribute__((constructor)) static void start(void) { *(volatile int*)16 = 1; }')

const busError = () =>
  library(
    'bus',
    `#include <sys/mman.h>
#include <stdio.h>
__attribute__((constructor)) static void start(void) {
  volatile char* memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(tmpfile()), 0);
  (void)memory[0];
}`,
  )

describe('the fault guard', { concurrency: 2 }, () => {
  const lives = (title: string, snippet: () => string, flags: string[] = []) =>
    test(title, async () => {
      await survives(faults + wasm + snippet(), { args: [temporaryFile(0)], flags })
    })

  lives(
    'leaves the traps of WebAssembly to V8, before and after a fault',
    () => 'trap(); touch(); trap(); touch(); trap()',
  )
  lives('does so where V8 checks bounds itself', () => 'trap(); touch(); trap()', ['--disable-wasm-trap-handler'])
  lives(
    'stays in front of listeners for the signals that are added after it',
    () => `touch()
      const seen = []
      process.on('SIGSEGV', () => seen.push('SEGV'))
      process.on('SIGBUS', () => seen.push('BUS'))
      touch()
      process.kill(process.pid, 'SIGBUS')
      process.kill(process.pid, 'SIGSEGV')
      await until('both were heard', () => seen.length === 2)
      assert.deepEqual(seen.sort(), ['BUS', 'SEGV'])
      touch()`,
  )
  lives(
    'stays in front when such listeners go again',
    () => `touch()
      const listener = () => {}
      process.on('SIGSEGV', listener)
      process.once('SIGBUS', listener)
      touch()
      process.off('SIGSEGV', listener)
      process.removeAllListeners('SIGBUS')
      touch()
      trap()
      process.on('SIGBUS', listener)
      touch()
      process.off('SIGBUS', listener)
      touch()
      trap()`,
  )
  lives(
    'goes in front of listeners that were there before it',
    () => `const seen = []
      process.on('SIGBUS', () => seen.push('BUS'))
      touch()
      process.kill(process.pid, 'SIGBUS')
      await until('it was heard', () => seen.length === 1)
      assert.deepEqual(seen, ['BUS'])
      touch()`,
  )
  lives('goes in front of an addon that was loaded before it', () => `${load(catcher())} touch()`)
  lives(
    'comes back in front of an addon that was loaded after it, when more memory is mapped',
    () => `touch()
      ${load(catcher())}
      for (let i = 0; i < 64; i++) mapMut({ length: page }).unmap()
      touch()`,
  )
  lives(
    'works below an addon that hands on what it does not know',
    () => `touch()
      ${load(reporter())}
      touch()
      trap()
      for (let i = 0; i < 64; i++) mapMut({ length: page }).unmap()
      touch()
      trap()`,
  )

  const dies = (title: string, snippet: () => string, expected: object) =>
    test(title, async () => {
      const { code, signal } = await runInChild(faults + wasm + snippet(), { args: [temporaryFile(0)] })
      assert.deepEqual({ code, signal }, expected)
    })

  dies('lets a true crash outside its memory end the process with SIGSEGV', () => `touch(); ${load(crash())}`, {
    code: null,
    signal: 'SIGSEGV',
  })
  dies('lets one with SIGBUS end it with SIGBUS', () => `touch(); ${load(busError())}`, {
    code: null,
    signal: 'SIGBUS',
  })
  dies('hands a true crash to the addon that was there before', () => `${load(catcher())} touch(); ${load(crash())}`, {
    code: 42,
    signal: null,
  })
  dies(
    'ends with SIGSEGV below an addon that hands on what it does not know',
    () => `touch(); ${load(reporter())}
      for (let i = 0; i < 64; i++) mapMut({ length: page }).unmap()
      ${load(crash())}`,
    { code: null, signal: 'SIGSEGV' },
  )
  dies(
    'ends with SIGSEGV above an addon that puts back the handler it found, and waits for the fault to come again',
    () => `touch(); ${load(restorer())}
      for (let i = 0; i < 64; i++) mapMut({ length: page }).unmap()
      touch()
      ${load(crash())}`,
    { code: null, signal: 'SIGSEGV' },
  )
  for (const signal of ['SIGSEGV', 'SIGBUS'] as const) {
    dies(
      `lets a ${signal} that was sent end the process`,
      () => `touch(); process.kill(process.pid, '${signal}'); await turns()`,
      {
        code: null,
        signal,
      },
    )
  }
})

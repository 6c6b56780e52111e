// The instructions of arm64, decoded where the signal frame has no record of the syndrome (native/guard/arm64-access.h). The words are the GNU assembler's.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const reads: [number, string][] = [
  [0xf9400020, 'ldr x0, [x1]'],
  [0x39400c20, 'ldrb w0, [x1, #3]'],
  [0xb8a26820, 'ldrsw x0, [x1, x2]'],
  [0xa8c10440, 'ldp x0, x1, [x2], #16'],
  [0xad400440, 'ldp q0, q1, [x2]'],
  [0x3dc00020, 'ldr q0, [x1]'],
  [0x3ce26820, 'ldr q0, [x1, x2]'],
  [0xfc5f8020, 'ldur d0, [x1, #-8]'],
  [0x085f7c20, 'ldxrb w0, [x1]'],
  [0xc85ffc20, 'ldaxr x0, [x1]'],
  [0x88dffc20, 'ldar w0, [x1]'],
  [0xb8bfc020, 'ldapr w0, [x1]'],
  [0x99404020, 'ldapur w0, [x1, #4]'],
  [0x4c40a000, 'ld1 {v0.16b, v1.16b}, [x0]'],
  [0x0d409000, 'ld1 {v0.s}[1], [x0]'],
  [0xf8200420, 'ldraa x0, [x1]'],
  [0x58000000, 'ldr x0, .'],
  [0xf9800000, 'prfm pldl1keep, [x0]'],
  [0xb8400820, 'ldtr w0, [x1]'],
  [0xc87f0440, 'ldxp x0, x1, [x2]'],
  [0xd9600020, 'ldg x0, [x1]'],
  [0x8b020020, 'add x0, x1, x2'],
]

const writes: [number, string][] = [
  [0xf9000020, 'str x0, [x1]'],
  [0x38001420, 'strb w0, [x1], #1'],
  [0x78227820, 'strh w0, [x1, x2, lsl #1]'],
  [0xa9bf0440, 'stp x0, x1, [x2, #-16]!'],
  [0xad000440, 'stp q0, q1, [x2]'],
  [0x3d800020, 'str q0, [x1]'],
  [0xfc226820, 'str d0, [x1, x2]'],
  [0x3c9f8020, 'stur q0, [x1, #-8]'],
  [0xbc1f8020, 'stur s0, [x1, #-8]'],
  [0x08027c20, 'stxrb w2, w0, [x1]'],
  [0xc802fc20, 'stlxr w2, x0, [x1]'],
  [0x889ffc20, 'stlr w0, [x1]'],
  [0x99004020, 'stlur w0, [x1, #4]'],
  [0x4c00a000, 'st1 {v0.16b, v1.16b}, [x0]'],
  [0x0d009000, 'st1 {v0.s}[1], [x0]'],
  [0x88a07c41, 'cas w0, w1, [x2]'],
  [0x48207c82, 'casp x0, x1, x2, x3, [x4]'],
  [0x08e0fc41, 'casalb w0, w1, [x2]'],
  [0xb8200041, 'ldadd w0, w1, [x2]'],
  [0xf8e00041, 'ldaddal x0, x1, [x2]'],
  [0xf8208041, 'swp x0, x1, [x2]'],
  [0x38201041, 'ldclrb w0, w1, [x2]'],
  [0xb8000820, 'sttr w0, [x1]'],
  [0xc8250440, 'stxp w5, x0, x1, [x2]'],
  [0xa8000440, 'stnp x0, x1, [x2]'],
  [0xd50b7420, 'dc zva, x0'],
  [0xd9200820, 'stg x0, [x1]'],
]

const compiler = process.env.CXX ?? 'c++'
const [command, ...flags] = compiler.split(' ')
const skip = spawnSync(command!, [...flags, '--version']).error ? `there is no compiler ${compiler}` : false

test('an access of arm64 is a write exactly where the instruction stores', { skip }, () => {
  const source = join(temporaryFolder, 'arm64-access.cc')
  const program = join(temporaryFolder, 'arm64-access')
  writeFileSync(
    source,
    `#include "guard/arm64-access.h"
#include <cstdio>
#include <cstdlib>
int main(int count, char** words) {
  for (int index = 1; index < count; index++)
    putchar(vmarea::arm64_instruction_writes(static_cast<uint32_t>(strtoul(words[index], nullptr, 0))) ? 'w' : 'r');
}
`,
  )
  execFileSync(command!, [...flags, '-std=c++17', `-I${join(root, 'native')}`, source, '-o', program])
  const all = [...reads, ...writes]
  const answer = execFileSync(
    program,
    all.map(([word]) => String(word)),
    { encoding: 'latin1' },
  )
  assert.deepEqual(
    all.map(([, text], index) => [text, answer[index]]),
    all.map(([, text], index) => [text, index < reads.length ? 'r' : 'w']),
  )
})

// Runs the program that comes over standard input on the running kernel, and prints what it came to. A process of its own: it holds nothing
// but the program, and whatever the program does ends with it.
import { readFileSync, writeSync } from 'node:fs'
import { runOnKernel } from './run-on-kernel.js'

const text = JSON.stringify(runOnKernel(readFileSync(0, 'utf8')))
for (let bytes = Buffer.from(text); bytes.length > 0; ) bytes = bytes.subarray(writeSync(1, bytes))

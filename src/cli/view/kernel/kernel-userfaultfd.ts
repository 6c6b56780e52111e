import type { Served, ServedProcess } from '../../../linux/play/served-process.js'
import { PLAY_FEATURES } from '../../../view/play/model-play-userfaultfd.js'
import type { PlayUserfaultfd } from '../../../view/play/play-process.js'
import { UnknownError } from '../../../view/play/unknown-error.js'
import { resultOf } from './kernel-calls.js'

// linux/userfaultfd.h
const API = 0xaan
const IOCTL = {
  API: 0xc018aa3f,
  REGISTER: 0xc020aa00,
  UNREGISTER: 0x8010aa01,
  COPY: 0xc028aa03,
  ZEROPAGE: 0xc020aa04,
  WRITEPROTECT: 0xc018aa06,
  POISON: 0xc020aa08,
} as const
const CLOEXEC_NONBLOCK = 0o2004000
const USER_MODE_ONLY = 1
/** Where the content of a page begins, behind the structure. */
const PAYLOAD = 64

/** A userfaultfd of the process that makes a playground's calls. */
export class KernelUserfaultfd implements PlayUserfaultfd {
  readonly #served: ServedProcess
  readonly #descriptor: number
  readonly #pageSize: number

  private constructor(served: ServedProcess, descriptor: number, pageSize: number) {
    this.#served = served
    this.#descriptor = descriptor
    this.#pageSize = pageSize
  }

  /** Opens one; where the kernel refuses a whole one, one for accesses of user mode. */
  static open(served: ServedProcess, pageSize: number): KernelUserfaultfd {
    let answer = served.call('userfaultfd', [CLOEXEC_NONBLOCK])
    if (answer.kind === 'done' && answer.result < 0) {
      answer = served.call('userfaultfd', [CLOEXEC_NONBLOCK | USER_MODE_ONLY])
    }
    const opened = new KernelUserfaultfd(served, resultOf('userfaultfd', answer), pageSize)
    resultOf('ioctl', opened.#ioctl(IOCTL.API, [API, PLAY_FEATURES, 0n]))
    return opened
  }

  register(start: number, length: number, mode: number): number {
    return numberOf(this.#ioctl(IOCTL.REGISTER, [start, length, mode, 0]))
  }

  unregister(start: number, length: number): number {
    return numberOf(this.#ioctl(IOCTL.UNREGISTER, [start, length]))
  }

  copy(start: number, byte: number, mode: number): number {
    const page = new Uint8Array(this.#pageSize).fill(byte)
    return numberOf(this.#ioctl(IOCTL.COPY, [start, 0, this.#pageSize, mode, 0], page))
  }

  zeropage(start: number, length: number): number {
    return numberOf(this.#ioctl(IOCTL.ZEROPAGE, [start, length, 0, 0]))
  }

  poison(start: number, length: number): number {
    return numberOf(this.#ioctl(IOCTL.POISON, [start, length, 0, 0]))
  }

  writeprotect(start: number, length: number, mode: number): number {
    return numberOf(this.#ioctl(IOCTL.WRITEPROTECT, [start, length, mode]))
  }

  read(message: Uint8Array): number {
    const answer = this.#served.call('read', [this.#descriptor, 0, message.length], 1, new Uint8Array(message.length))
    const result = numberOf(answer)
    if (answer.kind === 'done' && result > 0) message.set(answer.bytes.subarray(0, result))
    return result
  }

  close(): void {
    resultOf('close', this.#served.call('close', [this.#descriptor]))
  }

  #ioctl(request: number, words: readonly (number | bigint)[], page = new Uint8Array()): Served {
    const bytes = new Uint8Array(PAYLOAD + page.length)
    new BigUint64Array(bytes.buffer, 0, words.length).set(words.map((word) => BigInt.asUintN(64, BigInt(word))))
    bytes.set(page, PAYLOAD)
    return this.#served.call('ioctl', [this.#descriptor, request, 0], 2, bytes)
  }
}

function numberOf(answer: Served): number {
  if (answer.kind === 'done') return answer.result
  throw new UnknownError('the call waits for the userfaultfd')
}

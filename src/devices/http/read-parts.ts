import type { IncomingMessage } from 'node:http'
import { httpError } from './http-error.js'
import { MultipartReader } from './multipart-reader.js'
import { networkError } from './network-error.js'
import { ObjectVersion } from './object-version.js'
import { readPartHead } from './read-part-head.js'
import { TransientError } from './transient-error.js'

/**
 * Gives `take` the bytes of an answer to the request for several ranges, as they come: of all parts, or of the only one. Rejects with a
 * `VmError` or a `TransientError` where the answer is another one, is not of this version, or ends early.
 */
export async function readParts(
  url: URL,
  response: IncomingMessage,
  version: ObjectVersion,
  take: (position: number, bytes: Buffer) => void,
): Promise<void> {
  const { statusCode, headers } = response
  const check = (of: ObjectVersion) => {
    if (!of.equals(version)) throw httpError('ESTALE', url, `${version} was asked for, and the server has ${of}`)
  }
  const boundary = statusCode === 206 ? boundaryOf(headers['content-type']) : undefined
  let push: (chunk: Buffer) => void
  if (boundary === undefined) {
    const head = readPartHead(url, response)
    check(head.version)
    let position = head.first
    push = (chunk) => {
      take(position, chunk)
      position += chunk.length
    }
  } else {
    const reader = new MultipartReader(boundary, {
      begin: ({ total }) => check(new ObjectVersion(headers, total ?? version.size)),
      take,
    })
    push = (chunk) => reader.push(chunk)
  }
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      response.destroy()
      reject(error)
    }
    response.on('data', (chunk: Buffer) => {
      try {
        push(chunk)
      } catch (cause) {
        fail(cause)
      }
    })
    let isWhole = false
    response.on('end', () => {
      isWhole = true
      resolve()
    })
    response.on('error', (error) => fail(error instanceof TransientError ? error : networkError(url, error, false)))
    response.on('close', () => {
      if (!isWhole) fail(networkError(url, { code: 'ECONNRESET', message: 'the answer ended early' }, false))
    })
  })
}

function boundaryOf(type: string | undefined): string | undefined {
  const [, quoted, plain] =
    /^multipart\/byteranges\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type ?? '') ?? []
  return quoted ?? plain
}

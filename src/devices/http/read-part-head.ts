import type { IncomingMessage } from 'node:http'
import { httpError } from './http-error.js'
import { ObjectVersion } from './object-version.js'
import { parseContentRange } from './parse-content-range.js'

/** The head of an answer with one part of an object. */
export interface PartHead {
  readonly first: number
  readonly end: number
  readonly version: ObjectVersion
}

/**
 * Reads and checks the head of an answer to the request for a range. Throws `VmError` where the answer is not a single part of plain
 * bytes.
 */
export function readPartHead(url: URL, { statusCode, headers }: IncomingMessage): PartHead {
  if (statusCode !== 206) {
    throw httpError(
      'EOPNOTSUPP',
      url,
      `the server answered ${statusCode} to the request for a range, not 206: it does not serve ranges`,
    )
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw httpError('EPROTO', url, `the server sent the content encoding ${encoding}, and identity was asked for`)
  }
  const type = headers['content-type']
  if (type?.toLowerCase().startsWith('multipart/byteranges')) {
    throw httpError('EPROTO', url, `the server sent several parts (${type}), and one range was asked for`)
  }
  const text = headers['content-range']
  const range = parseContentRange(text)
  if (range === undefined)
    throw httpError('EPROTO', url, `a part came without a Content-Range that can be read: ${text}`)
  const { first, end, total } = range
  if (total === undefined) throw httpError('EPROTO', url, `the server does not tell the size: Content-Range ${text}`)
  if (first >= end || end > total) throw httpError('EPROTO', url, `the server sent a range that can't be: ${text}`)
  const length = headers['content-length']
  if (length !== undefined && Number(length) !== end - first) {
    throw httpError('EPROTO', url, `the server says Content-Length ${length} and Content-Range ${text}`)
  }
  return { first, end, version: new ObjectVersion(headers, total) }
}

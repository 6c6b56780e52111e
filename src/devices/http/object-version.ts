import type { IncomingHttpHeaders } from 'node:http'

/** RFC 9110, 8.8.2.2: a date identifies a version once it is this much older than the answer that contains it. */
const STRONG_AGE = 1000

/** One version of an object, by the validators of the server. Invariant: the bytes of two versions are never served together. */
export class ObjectVersion {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  /** Bytes. */
  readonly size: number
  /** How reliably the validators distinguish this version from others. */
  readonly strength: 'strong' | 'weak' | 'none'

  constructor(headers: IncomingHttpHeaders, size: number) {
    this.etag = headers.etag
    this.lastModified = headers['last-modified']
    this.size = size
    const strong = isStrong(this.etag) || isOld(this.lastModified, headers.date)
    this.strength = strong ? 'strong' : this.etag !== undefined || this.lastModified !== undefined ? 'weak' : 'none'
  }

  /** The headers of a request for this version only. `If-Match` allows only a strong tag. */
  get conditions(): Record<string, string> {
    if (isStrong(this.etag)) return { 'if-match': this.etag }
    return this.lastModified === undefined ? {} : { 'if-unmodified-since': this.lastModified }
  }

  equals(other: ObjectVersion): boolean {
    if (this.size !== other.size || this.etag !== other.etag) return false
    // A strong tag is sufficient; a server may send another date for the same bytes.
    return isStrong(this.etag) || this.lastModified === other.lastModified
  }

  toString(): string {
    const mark = this.etag !== undefined ? `ETag ${this.etag}` : `Last-Modified ${this.lastModified ?? 'unknown'}`
    return `${mark}, ${this.size} bytes`
  }
}

function isStrong(etag: string | undefined): etag is string {
  return etag !== undefined && /^"[^"]*"$/.test(etag)
}

function isOld(lastModified: string | undefined, date: string | undefined): boolean {
  return lastModified !== undefined && date !== undefined && Date.parse(date) - Date.parse(lastModified) >= STRONG_AGE
}

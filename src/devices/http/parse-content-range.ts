/** A parsed `Content-Range`: the bytes `[first, end)` of `total`. */
export interface ContentRange {
  /** 0, with `end` 0, in the answer to a range that can't be satisfied, which contains only the total. */
  readonly first: number
  readonly end: number
  /** `undefined` where the server does not know it. */
  readonly total: number | undefined
}

/** Parses the header of a single range; `undefined` for anything else: RFC 9110, 14.4. */
export function parseContentRange(text: string | undefined): ContentRange | undefined {
  const [, first, last, total] = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(\d{1,16}|\*)$/i.exec(text ?? '') ?? []
  if (total === undefined) return undefined
  return {
    first: first === undefined ? 0 : Number(first),
    end: last === undefined ? 0 : Number(last) + 1,
    total: total === '*' ? undefined : Number(total),
  }
}

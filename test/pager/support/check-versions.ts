import assert from 'node:assert/strict'

/**
 * Checks what was read of a page of the zapping driver, in order. `least` is what was settled before the read began, `most` what the page
 * was to hold after it had ended. A read that the page was changed under may have found the old one, and then the new one; it never goes
 * back, and no word is of anything else.
 */
export function checkVersions(words: Int32Array, page: number, least: number, most: number): void {
  let last = least
  for (let at = 0; at < words.length; at++) {
    const version = words[at]! ^ Math.imul(page * words.length + at + 1, 0x9e3779b1)
    if (version < last || version > most) {
      assert.fail(`page ${page}, word ${at}: ${words[at]}, version ${version} after ${last}, of ${least} to ${most}`)
    }
    last = version
  }
}

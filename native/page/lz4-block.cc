// The format: sequences of a token, literals, and a match. The token's upper half is the number of literals, its lower half the length of the
// match less four; 15 stands for more, which bytes after it add up to, the last of them below 255. A match is copied from what was
// decompressed before, an offset of two bytes back. The last sequence ends with its literals.
#include "page/lz4-block.h"

#include <errno.h>
#include <string.h>

namespace vmarea {
namespace {

constexpr size_t kLong = 15, kShortestMatch = 4, kOffset = 2;
constexpr size_t kHalf = 8, kChunk = 2 * kHalf;
constexpr size_t kShort = kChunk + kShortestMatch;

struct Source {
  const uint8_t* at;
  const uint8_t* end;
  size_t left() const { return static_cast<size_t>(end - at); }
};

// Adds the bytes that follow to a length of 15. False where they end.
bool extend(Source* source, size_t* length) {
  if (*length != kLong) return true;
  uint8_t more;
  do {
    if (source->at == source->end) return false;
    more = *source->at++;
    *length += more;
  } while (more == 255);
  return true;
}

// The match may overlap what it makes: a run of the same bytes is a match with a short offset.
void copy_match(uint8_t* to, size_t offset, size_t length) {
  const uint8_t* from = to - offset;
  if (offset == 1) {
    memset(to, *from, length);
    return;
  }
  // Each copy doubles the part that may be copied at once.
  for (size_t done = 0, ready = offset; done < length; ready *= 2) {
    size_t size = length - done < ready ? length - done : ready;
    memcpy(to + done, from, size);
    done += size;
  }
}

// Copies the longest match whose length is in its token, and two bytes more, in parts: each may read what the one before it wrote.
void copy_short_match(uint8_t* to, size_t offset) {
  if (offset >= kHalf) {
    memcpy(to, to - offset, kHalf);
  } else {
    // The bytes repeat after each multiple of the offset.
    static constexpr uint8_t kMultiples[kHalf] = {0, 8, 8, 9, 8, 10, 12, 14};
    for (size_t index = 0; index < kHalf; index++) to[index] = (to - offset)[index];
    offset = kMultiples[offset];
  }
  memcpy(to + kHalf, to + kHalf - offset, kHalf);
  memcpy(to + kChunk, to + kChunk - offset, kShortestMatch);
}

}  // namespace

int64_t decompress_lz4(const uint8_t* bytes, size_t length, uint8_t* into, size_t room) {
  Source source = {bytes, bytes + length};
  size_t done = 0;
  while (source.at < source.end) {
    uint8_t token = *source.at++;
    size_t literals = token >> 4, match = token & 15;
    // Most sequences are short: where there is room beside them, both parts are copied whole, without a look at their lengths.
    if (literals != kLong && source.left() >= kShort + kOffset && room - done >= 2 * kShort) {
      memcpy(into + done, source.at, kChunk);
      source.at += literals;
      done += literals;
    } else {
      if (!extend(&source, &literals) || literals > source.left() || literals > room - done) return -EINVAL;
      memcpy(into + done, source.at, literals);
      source.at += literals;
      done += literals;
      if (source.at == source.end) return static_cast<int64_t>(done);
      if (source.left() < kOffset) return -EINVAL;
    }
    size_t offset = source.at[0] | static_cast<size_t>(source.at[1]) << 8;
    source.at += kOffset;
    if (offset == 0 || offset > done) return -EINVAL;
    uint8_t* to = into + done;
    if (match != kLong && room - done >= kShort) {
      copy_short_match(to, offset);
      done += match + kShortestMatch;
      continue;
    }
    if (!extend(&source, &match)) return -EINVAL;
    match += kShortestMatch;
    if (match > room - done) return -EINVAL;
    copy_match(to, offset, match);
    done += match;
  }
  return -EINVAL;
}

}  // namespace vmarea

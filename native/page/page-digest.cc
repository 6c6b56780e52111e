#include "page/page-digest.h"

#include <string.h>
#include <sys/random.h>

namespace vmarea {
namespace {

// Constants of xxHash: odd, and with about half of their bits set.
constexpr uint64_t kMultiplier = 0x9e3779b185ebca87, kOther = 0xc2b2ae3d27d4eb4f;
constexpr size_t kLanes = 4;

struct Seeds {
  uint64_t lanes[kLanes];
  Seeds() {
    for (size_t lane = 0; lane < kLanes; lane++) lanes[lane] = kOther * (lane + 1);
    uint64_t random[kLanes];
    if (getrandom(random, sizeof random, GRND_NONBLOCK) != sizeof random) return;
    memcpy(lanes, random, sizeof lanes);
  }
};

uint64_t rotate(uint64_t word, int by) { return word << by | word >> (64 - by); }

uint64_t mix(uint64_t word) {
  word = (word ^ word >> 33) * kOther;
  word = (word ^ word >> 29) * kMultiplier;
  return word ^ word >> 32;
}

}  // namespace

uint64_t page_digest(const uint8_t* bytes, size_t length) {
  // The seeds are random for each process, so that no content can be constructed with the digest of another.
  static const Seeds seeds;
  uint64_t lanes[kLanes], any = 0;
  memcpy(lanes, seeds.lanes, sizeof lanes);
  for (size_t at = 0; at < length; at += sizeof lanes) {
    uint64_t words[kLanes];
    memcpy(words, bytes + at, sizeof words);
    for (size_t lane = 0; lane < kLanes; lane++) {
      any |= words[lane];
      lanes[lane] = rotate(lanes[lane] + words[lane] * kOther, 31) * kMultiplier;
    }
  }
  if (any == 0) return 0;
  uint64_t digest = length;
  for (size_t lane = 0; lane < kLanes; lane++) digest = mix(rotate(digest, 27) ^ lanes[lane]) + kMultiplier;
  digest = mix(digest) >> 11;
  return digest == 0 ? 1 : digest;
}

}  // namespace vmarea

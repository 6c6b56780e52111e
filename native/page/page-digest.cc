#include "page/page-digest.h"

#include <string.h>
#include <sys/random.h>

namespace vmarea {
namespace {

// Constants of xxHash: odd, and with about half of their bits set.
constexpr uint64_t kMultiplier = 0x9e3779b185ebca87, kOther = 0xc2b2ae3d27d4eb4f;
constexpr size_t kLanes = 4;

__extension__ typedef unsigned __int128 Product;

struct Seeds {
  uint64_t lanes[kLanes], keys[kLanes];
  Seeds() {
    for (size_t lane = 0; lane < kLanes; lane++) {
      lanes[lane] = kOther * (lane + 1);
      keys[lane] = kMultiplier * (lane + 1);
    }
    uint64_t random[2 * kLanes];
    if (getrandom(random, sizeof random, GRND_NONBLOCK) != sizeof random) return;
    memcpy(lanes, random, sizeof lanes);
    memcpy(keys, random + kLanes, sizeof keys);
  }
};

// Both halves of the product, in one word: each bit of it depends on all bits of both factors.
uint64_t folded_product(uint64_t left, uint64_t right) {
  Product product = static_cast<Product>(left) * right;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

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
  // Two words for each lane and multiplication: the multiplier is busy all the time, and no lane waits for another.
  for (size_t at = 0; at < length; at += 2 * sizeof lanes) {
    uint64_t words[2 * kLanes];
    memcpy(words, bytes + at, sizeof words);
    for (size_t lane = 0; lane < kLanes; lane++) {
      uint64_t left = words[2 * lane], right = words[2 * lane + 1];
      any |= left | right;
      lanes[lane] = folded_product(left ^ lanes[lane], right ^ seeds.keys[lane]);
    }
  }
  if (any == 0) return 0;
  uint64_t digest = length;
  for (size_t lane = 0; lane < kLanes; lane++) digest = mix((digest << 27 | digest >> 37) ^ lanes[lane]) + kMultiplier;
  digest = mix(digest) >> 11;
  return digest == 0 ? 1 : digest;
}

}  // namespace vmarea

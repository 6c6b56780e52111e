#include "page/page-digest.h"

#include <string.h>
#include <sys/random.h>

#include <initializer_list>

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

bool is_zero(const uint8_t* bytes, size_t length) { return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0; }

}  // namespace

uint64_t page_digest(const uint8_t* bytes, size_t length, const uint8_t* next) {
  // The seeds are random for each process, so that no content can be constructed with the digest of another.
  static const Seeds seeds;
  const uint64_t* keys = seeds.keys;
  // Not an array: the compiler keeps these in registers. Two words for each lane and multiplication: no lane waits for another.
  uint64_t first = seeds.lanes[0], second = seeds.lanes[1], third = seeds.lanes[2], fourth = seeds.lanes[3];
  for (size_t at = 0; at < length; at += 2 * sizeof seeds.lanes) {
    __builtin_prefetch(next + at);
    uint64_t words[2 * kLanes];
    memcpy(words, bytes + at, sizeof words);
    first = folded_product(words[0] ^ first, words[1] ^ keys[0]);
    second = folded_product(words[2] ^ second, words[3] ^ keys[1]);
    third = folded_product(words[4] ^ third, words[5] ^ keys[2]);
    fourth = folded_product(words[6] ^ fourth, words[7] ^ keys[3]);
  }
  if (is_zero(bytes, length)) return 0;
  uint64_t digest = length;
  for (uint64_t lane : {first, second, third, fourth}) digest = mix((digest << 27 | digest >> 37) ^ lane) + kMultiplier;
  digest = mix(digest) >> 11;
  return digest == 0 ? 1 : digest;
}

}  // namespace vmarea

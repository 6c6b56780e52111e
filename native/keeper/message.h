// What a handler gives its keeper, a message a guest over a socket of packets: the descriptors of its userfaultfd and its process come along.
#pragma once

#include <cstdint>

namespace vmarea::keeper {

struct Region {
  uint64_t start, length, page;
};

constexpr uint32_t kMostRegions = 256;
constexpr uint32_t kPoison = 0, kKill = 1, kWait = 2;

struct Message {
  uint32_t on_failure;
  uint32_t count;
  Region regions[kMostRegions];
};

}  // namespace vmarea::keeper

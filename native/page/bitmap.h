// A bitmap with a bit for each page.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace vmarea {

inline bool has_bit(const uint64_t* bits, size_t index) { return (bits[index / 64] >> (index % 64) & 1) != 0; }

// The first bit in [from, to) with the given value, or `to`.
inline size_t next_bit(const uint64_t* bits, size_t from, size_t to, bool value) {
  for (size_t at = from; at < to;) {
    uint64_t word = value ? bits[at / 64] : ~bits[at / 64];
    word >>= at % 64;
    if (word != 0) return std::min(to, at + static_cast<size_t>(__builtin_ctzll(word)));
    at = (at / 64 + 1) * 64;
  }
  return to;
}

inline void set_bits(uint64_t* bits, size_t from, size_t to, bool value) {
  for (size_t at = from; at < to;) {
    size_t last = std::min(to, (at / 64 + 1) * 64);
    uint64_t mask = (last - at == 64 ? ~uint64_t{0} : (uint64_t{1} << (last - at)) - 1) << (at % 64);
    // Do not write an unchanged word: its page may never have been touched.
    uint64_t wanted = value ? bits[at / 64] | mask : bits[at / 64] & ~mask;
    if (bits[at / 64] != wanted) bits[at / 64] = wanted;
    at = last;
  }
}

}  // namespace vmarea

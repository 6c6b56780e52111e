#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace vmarea {

inline size_t page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

// Rounds up to whole pages. 0 where the result exceeds the address range.
inline size_t whole_pages(size_t length) { return (length + page_size() - 1) & ~(page_size() - 1); }

// Whether the kernel accepts the range: it must not be empty, must begin on a page and must not reach past the last address.
inline bool is_range(uintptr_t address, size_t length) {
  size_t whole = whole_pages(length);
  return address % page_size() == 0 && whole >= length && whole > 0 && address + whole > address;
}

}  // namespace vmarea

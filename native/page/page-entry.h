// The page table entry of an address of this process, as /proc/self/pagemap reports it.
#pragma once

#include <cstdint>

namespace vmarea {

// 0 where it can't be read. Safe in a signal handler.
uint64_t page_entry(uintptr_t address);

constexpr uint64_t kPagePresent = 1ull << 63, kPageSwapped = 1ull << 62, kPageOfFile = 1ull << 61, kPageOfGuard = 1ull << 58, kPageProtected = 1ull << 57;

// A marker in place of a page counts as swapped: poison, the write protection of a missing page, or a guard.
inline bool is_poison_mark(uint64_t entry) {
  return (entry & (kPagePresent | kPageSwapped | kPageProtected | kPageOfGuard)) == kPageSwapped;
}
inline bool is_protection_mark(uint64_t entry) {
  return (entry & (kPagePresent | kPageSwapped | kPageProtected)) == (kPageSwapped | kPageProtected);
}

}  // namespace vmarea

// The current covers of pages of regions, by address. The region table's lock guards all of it.
//
// For the signal handler: its nodes come from memory that was reserved before, and nothing here allocates otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// Where the true pages of a cover are while it exists. `covers.h` has the rules.
enum class CoverKind : uint8_t {
  kMoved,     // at `place`, moved there by mremap
  kCopied,    // at their own address, made accessible; `place` has a copy of their bytes
  kReplaced,  // nowhere: mapping them again gives the same bytes
};

struct Cover {
  uintptr_t start, end;
  uintptr_t place;       // 0 where no pages are set aside
  CoverKind kind;
  uint8_t protection;    // of the true pages
  bool known;            // the protection was read from the kernel
  bool write_protected;  // by a userfaultfd, before they moved
  bool watched;          // they moved without permission
  uint64_t age;          // a later cover has a higher one

  size_t length() const { return end - start; }
};

// The cover that contains the address, or nullptr.
const Cover* find_cover_locked(uintptr_t address);
// The first cover that has a page in [start, end), or nullptr.
const Cover* first_cover_locked(uintptr_t start, uintptr_t end);
// The oldest of all, or nullptr. It visits each.
const Cover* oldest_cover_locked();
size_t count_covers_locked();
// Counts those that were removed too.
uint64_t count_covers_ever_locked();

// Reserves nodes for more covers. False where no memory is free.
bool prepare_cover_table_locked();
// Requires `prepare_cover_table_locked` before. The range must not overlap another cover.
void add_cover_locked(Cover cover);
void remove_cover_locked(uintptr_t start);

}  // namespace vmarea

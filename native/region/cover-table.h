// The covers that stand: which pages of regions are covered, by address. All of it is under the region table's lock.
//
// Made for the signal handler: its nodes come from memory that was set aside before, and nothing here allocates otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// Where the true pages of a cover are while it stands. `covers.h` has the rules.
enum class CoverKind : uint8_t {
  kMoved,     // at `place`, moved there by mremap
  kCopied,    // where they ever were, made accessible; `place` has a copy of what they held
  kReplaced,  // nowhere: they hold nothing that mapping them again would not give
};

struct Cover {
  uintptr_t start, end;
  uintptr_t place;     // 0 where nothing waits
  CoverKind kind;
  uint8_t protection;  // of the true pages, for kCopied and kReplaced
  uint64_t age;        // a later cover has a higher one

  size_t length() const { return end - start; }
};

// The cover around the address, or nullptr.
const Cover* find_cover_locked(uintptr_t address);
// The first cover that has a page in [start, end), or nullptr.
const Cover* first_cover_locked(uintptr_t start, uintptr_t end);
// The oldest of all, or nullptr. It looks at each.
const Cover* oldest_cover_locked();
size_t count_covers_locked();

// Sets nodes aside for more covers. False where there is room for none.
bool prepare_cover_table_locked();
// Only after `prepare_cover_table_locked`. The range must touch no other cover.
void add_cover_locked(Cover cover);
void remove_cover_locked(uintptr_t start);

}  // namespace vmarea

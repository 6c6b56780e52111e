// All regions, by address for the guard and by handle for JavaScript.
//
// One lock guards the table, and the signal handler takes it too: its holder may wait for the kernel alone. Functions that end in _locked
// require it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "page/table-lock.h"
#include "region/region.h"

namespace vmarea {

// By start address.
std::map<uintptr_t, Region*>& table_locked();
Region* find_locked(uintptr_t address);
bool overlaps_locked(uintptr_t start, uintptr_t end);

// Makes a region with a handle of the thread. It is not in the table yet.
Region* new_region(ThreadState* state, uintptr_t start, uintptr_t end, size_t page);
// Ends the region's handle, so that its object does not find it any more.
void take_slot(Region* region);
// The region behind a handle of this thread, or nullptr.
inline Region* region_of(ThreadState* state, double handle) {
  if (!(handle >= kSlots && handle < 9007199254740992.0)) return nullptr;
  size_t slot = static_cast<size_t>(static_cast<int64_t>(handle) & (static_cast<int64_t>(kSlots) - 1));
  if (slot >= state->slots.size()) return nullptr;
  Region* region = state->slots[slot];
  return region != nullptr && region->handle == handle ? region : nullptr;
}

}  // namespace vmarea

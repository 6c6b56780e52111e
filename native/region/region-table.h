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
Region* region_of(ThreadState* state, double handle);

}  // namespace vmarea

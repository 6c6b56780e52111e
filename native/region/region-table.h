// All regions, by address for the guard and by handle for JavaScript.
//
// The table is under one lock, which the signal handler takes too: nothing that holds it may wait for anything but the kernel.
// Functions that end in _locked want it held.
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

// A region with a handle of the thread. It is not in the table yet.
Region* new_region(ThreadState* state, uintptr_t start, uintptr_t end, size_t page);
// From now on the region has no handle, and its object does not find it.
void take_slot(Region* region);
// The region behind a handle of this thread, or nullptr.
Region* region_of(ThreadState* state, double handle);

}  // namespace vmarea

// Memory of our own that holds true pages while a cover stands in for them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// Anonymous memory anywhere, or MAP_FAILED.
void* new_memory(size_t length, int protection);

// A place for true pages, with an inaccessible page on either side. Without those, a page that was never written could merge with written
// pages of other memory beside it, keep their anon_vma when it moves back, and never merge with its own neighbours again. 0 where there is
// no memory.
uintptr_t new_place(size_t length, size_t alignment);

// Unmaps the pages beside the place: its own have moved back.
void delete_margins(uintptr_t place, size_t length);
void delete_place(uintptr_t place, size_t length);

}  // namespace vmarea

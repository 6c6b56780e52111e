#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "bitmap.h"
#include "region-table.h"

namespace vmarea {

// Calls `act(from, to)` for the runs of [start, end) that no containment has covered: a cover is not the memory, and keeps its permission.
// Answers the first error. Safe in the signal handler, as far as `act` is.
template <typename Act>
int for_uncovered_locked(uintptr_t start, uintptr_t end, Act act) {
  for (uintptr_t from = start; from < end;) {
    Region* region = find_locked(from);
    uintptr_t to = region == nullptr ? end : std::min(end, region->end);
    if (region == nullptr || region->covered_pages == 0) {
      int error = act(from, to);
      if (error != 0) return error;
      from = to;
      continue;
    }
    size_t page = (from - region->start) / region->page, last = (to - region->start) / region->page;
    size_t covered = next_bit(region->covered, page, last, true);
    uintptr_t border = std::min(to, region->start + covered * region->page);
    if (border > from) {
      int error = act(from, border);
      if (error != 0) return error;
    }
    size_t uncovered = next_bit(region->covered, covered, last, false);
    from = std::min(to, region->start + uncovered * region->page);
  }
  return 0;
}

}  // namespace vmarea

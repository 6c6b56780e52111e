#pragma once

#include <cstddef>
#include <cstdint>

#include "region/cover-table.h"

namespace vmarea {

// Calls `act(from, to)` for the runs of [start, end) that are not covered: a cover is not the memory, and keeps its permission. Returns
// the first error. Safe in the signal handler if `act` is.
template <typename Act>
int for_uncovered_locked(uintptr_t start, uintptr_t end, Act act) {
  for (uintptr_t from = start; from < end;) {
    const Cover* cover = first_cover_locked(from, end);
    uintptr_t border = cover == nullptr ? end : cover->start;
    if (border > from) {
      int error = act(from, border);
      if (error != 0) return error;
    }
    from = cover == nullptr ? end : cover->end;
  }
  return 0;
}

}  // namespace vmarea

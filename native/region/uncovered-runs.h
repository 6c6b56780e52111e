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

// The longest run of pages from `start` on that is nowhere covered, or covered by one cover.
struct Part {
  uintptr_t pages;  // where the true pages are
  size_t length;
};
inline Part first_part_locked(uintptr_t start, uintptr_t end) {
  const Cover* cover = first_cover_locked(start, end);
  if (cover == nullptr) return {start, end - start};
  if (cover->start > start) return {start, cover->start - start};
  bool moved = cover->kind == CoverKind::kMoved;
  return {moved ? cover->place + (start - cover->start) : start, (cover->end < end ? cover->end : end) - start};
}

}  // namespace vmarea

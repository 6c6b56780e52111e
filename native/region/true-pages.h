#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "region/cover-table.h"

namespace vmarea {

// A run of pages that is nowhere covered, or covered by one cover.
struct TruePages {
  uintptr_t start;  // where they are: at a place while they are covered
  size_t length;
};

// The longest such run of [start, end) from `start` on.
inline TruePages first_true_pages_locked(uintptr_t start, uintptr_t end) {
  const Cover* cover = first_cover_locked(start, end);
  if (cover == nullptr) return {start, end - start};
  if (cover->start > start) return {start, cover->start - start};
  bool moved = cover->kind == CoverKind::kMoved;
  return {moved ? cover->place + (start - cover->start) : start, std::min(cover->end, end) - start};
}

}  // namespace vmarea

// Which pages of a guest are to be prefetched: a fault on one brings its neighbours among them.
#pragma once

#include <algorithm>

#include "guests/guest.h"

namespace vmarea::guests {

inline bool is_hinted(const Guest& guest, size_t index) { return !guest.hints.empty() && (guest.hints[index / 64] >> index % 64 & 1) != 0; }

// Marks the pages that lie in [start, end) of the source.
inline void hint(Guest& guest, uint64_t start, uint64_t end) {
  if (guest.hints.empty()) guest.hints.assign((guest.states->count() + 63) / 64, 0);
  for (const GuestRegion& region : guest.regions) {
    uint64_t from = std::max(start, region.offset), to = std::min(end, region.offset + region.length);
    if (from >= to) continue;
    size_t index = region.first + (from - region.offset) / region.page;
    size_t last = region.first + (to - region.offset + region.page - 1) / region.page;
    while (index < last) {
      bool whole = index % 64 == 0 && last - index >= 64;
      guest.hints[index / 64] |= whole ? UINT64_MAX : uint64_t{1} << index % 64;
      index += whole ? 64 : 1;
    }
  }
}

}  // namespace vmarea::guests

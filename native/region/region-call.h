// Regions as parameters of the addon's functions: by handle, which is refused where the region was unmapped or belongs to another thread.
#pragma once

#include <errno.h>

#include "addon/callback.h"
#include "region/region-table.h"

namespace vmarea {

constexpr int kRegionGone = -ENXIO;

inline void take(Call& call, Region** region) {
  *region = region_of(call.state(), call.number(call.next()));
  if (*region == nullptr) call.refuse(kRegionGone);
}

// nullptr for a stale handle.
struct RegionIfAny {
  Region* region;
};
inline void take(Call& call, RegionIfAny* handle) { handle->region = region_of(call.state(), call.number(call.next())); }

// From two arguments: handle, offset. A word that does not lie in the region as a whole, on a multiple of its size, is refused.
struct RegionWord {
  Region* region;
  uintptr_t address;
};
inline void take(Call& call, RegionWord* word) {
  size_t offset = 0;
  take(call, &word->region);
  take(call, &offset);
  if (word->region == nullptr) return;
  word->address = word->region->start + offset;
  if (!word->region->has(offset, sizeof(uint32_t)) || word->address % sizeof(uint32_t) != 0) call.refuse(-EINVAL);
}

// From three arguments: handle, offset, length. A part that does not lie in the region is refused.
struct RegionPart {
  Region* region;
  uintptr_t start;
  size_t length;
};
inline void take(Call& call, RegionPart* part) {
  size_t offset = 0;
  take(call, &part->region);
  take(call, &offset);
  take(call, &part->length);
  if (part->region == nullptr) return;
  part->start = part->region->start + offset;
  if (!part->region->has(offset, part->length)) call.refuse(-EINVAL);
}

// The same from handle and a typed array, which gives the length of the part; the offset comes in results[1].
struct RegionBytes {
  Region* region;
  uintptr_t start;
  View<uint8_t> bytes;
};
inline void take(Call& call, RegionBytes* part) {
  size_t offset = operand(call, 1);
  take(call, &part->region);
  take(call, &part->bytes);
  if (part->region == nullptr) return;
  part->start = part->region->start + offset;
  if (!part->region->has(offset, part->bytes.length)) call.refuse(-EINVAL);
}

// Leaves the fault in results, and returns -EFAULT.
inline int put_fault(ThreadState* state, const Fault& fault) {
  state->shared_results.results[0] = static_cast<double>(fault.address);
  state->shared_results.results[1] = fault.access;
  state->shared_results.results[2] = fault.reason;
  return -EFAULT;
}

}  // namespace vmarea

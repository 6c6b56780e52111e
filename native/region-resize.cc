// A region grows, shrinks, or moves to where there is room.
#include <errno.h>

#include "address-root.h"
#include "containment.h"
#include "forget-range.h"
#include "function-tables.h"
#include "held-calls.h"
#include "held-flags.h"
#include "move-page.h"
#include "newer-kernel.h"
#include "region-call.h"

namespace vmarea {
namespace {

// mremap that never lets go of addresses a buffer may reach. Answers the new start or MAP_FAILED.
void* resize_leased(Region* region, size_t length) {
  if (length <= region->length()) {
    // The tail becomes inaccessible instead of free.
    void* tail = at(region->start + length);
    size_t rest = region->length() - length;
    return rest > 0 && mmap(tail, rest, PROT_NONE, kNothing | MAP_FIXED, -1, 0) == MAP_FAILED ? MAP_FAILED : at(region->start);
  }
  void* grown = mremap(at(region->start), region->length(), length, 0);
  if (grown != MAP_FAILED || errno != ENOMEM) return grown;
  // It must move. Find room for all of it, move the pages in one step that keeps the old range taken, then grow into the room.
  void* room = mmap(nullptr, length + region->page, PROT_NONE, kNothing, -1, 0);
  if (room == MAP_FAILED) return MAP_FAILED;
  uintptr_t begin = reinterpret_cast<uintptr_t>(room);
  uintptr_t target = (begin + region->page - 1) & ~(static_cast<uintptr_t>(region->page) - 1);
  Moved moved = move_page(region->start, target, region->length());
  if (moved == Moved::kNo) {
    int error = errno;
    munmap(room, length + region->page);
    errno = error;
    return MAP_FAILED;
  }
  munmap(at(target + region->length()), begin + length + region->page - (target + region->length()));
  if (target > begin) munmap(room, target - begin);
  grown = mremap(at(target), region->length(), length, MREMAP_MAYMOVE);
  if (grown == MAP_FAILED) {
    int error = errno;
    move_page(target, region->start, region->length());
    munmap(at(target), region->length());
    errno = error;
    return MAP_FAILED;
  }
  mmap(at(region->start), region->length(), PROT_NONE, kNothing | MAP_FIXED, -1, 0);
  return grown;
}

// results[0] is the start afterwards.
int resize_region(ThreadState* state, Region* region, size_t length) {
  if (length == 0 || length % region->page != 0) return -EINVAL;
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  bool keep = leased(region);
  bool held = !held_in(region->start, region->end).empty();
  bool grows = length > region->length();
  if (held && grows) {
    int refusal = held_growth_refusal(region->end);
    if (refusal != 0) return refusal;
  }
  TableLock lock;
  uncover_all_locked(region);
  drop_aside_locked(region);
  // A device's memory is served where it is.
  void* place = held && grows  ? grow_in_place_locked(region->start, region->length(), length)
                : keep         ? resize_leased(region, length)
                               : mremap(at(region->start), region->length(), length, held ? 0 : MREMAP_MAYMOVE);
  if (place == MAP_FAILED) return -errno;
  uintptr_t start = reinterpret_cast<uintptr_t>(place);
  uintptr_t hole_start = start == region->start ? region->start + length : region->start;
  uintptr_t hole_end = region->end;
  if (length < region->length()) forget_range_locked(start + length, region->length() - length);
  if (held && grows) grow_range_locked(region->end, start + length);
  table_locked().erase(region->start);
  region->start = start;
  region->end = start + length;
  table_locked().emplace(start, region);
  if (keep && hole_start < hole_end) {
    Region* hole = new Region;
    hole->start = hole_start;
    hole->end = hole_end;
    hole->page = region->page;
    hole->owner = region->owner;
    hole->hole = true;
    join_root(hole, root_of(region->root));
    table_locked().emplace(hole->start, hole);
  }
  state->mailbox.results[0] = static_cast<double>(start);
  return 0;
}

constexpr Function kFunctions[] = {
    {"resizeRegion", callback<resize_region>},
};

}  // namespace

const FunctionTable kRegionResize(kFunctions);

}  // namespace vmarea

// A region grows, shrinks, or moves to a free range.
#include <errno.h>

#include "lifetime/address-root.h"
#include "lifetime/forget-range.h"
#include "addon/function-tables.h"
#include "guard/covers.h"
#include "calls/emulated-calls.h"
#include "calls/leaves-room.h"
#include "noted/emulated-flags.h"
#include "noted/futex-waits.h"
#include "page/newer-kernel.h"
#include "region/region-call.h"
#include "region/spare-areas.h"

namespace vmarea {
namespace {

// Moves the pages into `room`, which is ours and as long as they are to become, and grows them there or elsewhere. The region's old range
// stays ours, without pages. Returns the new address, or MAP_FAILED with nothing changed.
void* move_and_grow(const Region* region, uintptr_t room, size_t length, bool* room_is_ours) {
  size_t before = region->length();
  if (mremap(at(region->start), before, before, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at(room)) == MAP_FAILED) {
    if (errno != EINVAL) return MAP_FAILED;
    // Before Linux 5.13 MREMAP_DONTUNMAP moves private anonymous memory alone. For shared memory an old length of 0 maps the same pages a
    // second time, and the old addresses stay. The kernel refuses that for other memory, which then stays where it is: a move without
    // MREMAP_DONTUNMAP would free addresses that a buffer may reach (guard/covers.h).
    return mremap(at(region->start), 0, length, MREMAP_MAYMOVE | MREMAP_FIXED, at(room));
  }
  *room_is_ours = false;
  munmap(at(room + before), length - before);
  void* grown = mremap(at(room), before, length, MREMAP_MAYMOVE);
  if (grown != MAP_FAILED) return grown;
  int error = errno;
  // The region's range is still ours. `room` is not touched again after the pages have moved from it.
  auto back = [&] { return mremap(at(room), before, before, MREMAP_MAYMOVE | MREMAP_FIXED, at(region->start)) != MAP_FAILED; };
  if (!back() && give_spare_areas_locked(Spare::kRestore)) back();
  errno = error;
  return MAP_FAILED;
}

// mremap that never frees addresses which a buffer may reach. Returns the new start or MAP_FAILED.
void* resize_leased(Region* region, size_t length) {
  if (length <= region->length()) {
    // The tail becomes inaccessible instead of free. It belongs to the region, under the table's lock.
    void* tail = at(region->start + length);
    size_t rest = region->length() - length;
    return rest > 0 && mmap(tail, rest, PROT_NONE, kNothing | MAP_FIXED, -1, 0) == MAP_FAILED ? MAP_FAILED : at(region->start);
  }
  void* grown = mremap(at(region->start), region->length(), length, 0);
  if (grown != MAP_FAILED || errno != ENOMEM) return grown;
  void* room = mmap(nullptr, length, PROT_NONE, kNothing, -1, 0);
  if (room == MAP_FAILED) return MAP_FAILED;
  uintptr_t begin = reinterpret_cast<uintptr_t>(room);
  bool room_is_ours = true;
  grown = move_and_grow(region, begin, length, &room_is_ours);
  if (grown == MAP_FAILED) {
    int error = errno;
    if (room_is_ours) munmap(room, length);
    errno = error;
    return MAP_FAILED;
  }
  // The old range of the region is ours and without pages: make it inaccessible.
  mmap(at(region->start), region->length(), PROT_NONE, kNothing | MAP_FIXED, -1, 0);
  return grown;
}

// results[0] is the start afterwards.
int resize_region(ThreadState* state, Region* region, size_t length) {
  if (length == 0 || length % region->page != 0) return -EINVAL;
  // Growing elsewhere leaves a hole for the buffers.
  if (leased(region) && length > region->length() && !leaves_room(state)) return -ENOMEM;
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  bool keep = leased(region);
  bool held = !emulated_in(region->start, region->end).empty();
  bool grows = length > region->length();
  if (held && grows) {
    int refusal = emulated_growth_refusal(region->end);
    if (refusal != 0) return refusal;
  }
  TableLock lock;
  int covered = uncover_all_locked(region);
  if (covered != 0) return covered;
  // A device's memory can't move: it is served at its address.
  void* place = held && grows  ? grow_in_place_locked(region->start, region->length(), length)
                : keep         ? resize_leased(region, length)
                               : mremap(at(region->start), region->length(), length, held ? 0 : MREMAP_MAYMOVE);
  if (place == MAP_FAILED) return -errno;
  uintptr_t start = reinterpret_cast<uintptr_t>(place);
  uintptr_t hole_start = start == region->start ? region->start + length : region->start;
  uintptr_t hole_end = region->end;
  if (start != region->start) end_futex_waits_in_locked(region->start, region->length());
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
  state->shared_results.results[0] = static_cast<double>(start);
  return 0;
}

constexpr Function kFunctions[] = {
    {"resizeRegion", callback<resize_region>},
};

}  // namespace

const FunctionTable kRegionResize(kFunctions);

}  // namespace vmarea

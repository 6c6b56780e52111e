#include "calls/bring-in.h"

#include <sys/mman.h>

#include <algorithm>

#include "guard/area-at.h"
#include "guard/guard.h"
#include "page/touch-pages.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {
namespace {

bool is_mapped(uintptr_t start, uintptr_t end) {
  AreaAt area;
  for (; start < end; start = area.end)
    if (!area_at(start, &area)) return false;
  return true;
}

// Calls `access` for each part that is served, in order, with the access that the call would make there. False where the call would stop,
// or `access` returned false.
bool each_access(uintptr_t start, uintptr_t end, BringsIn how, const std::function<bool(uintptr_t start, uintptr_t end, bool write)>& access) {
  const bool passes = how == BringsIn::kLocksAll;
  // Areas behind the last served part are not looked up.
  for (const UffdPart& part : registered_parts(start, end)) {
    uintptr_t from = passes ? std::max(start, part.start) : start;
    for (AreaAt area; from < part.end; from = area.end) {
      if (!area_at(from, &area)) {
        if (!passes) return false;
        area.end = part.end;
        continue;
      }
      const bool copies = how != BringsIn::kReads && !area.shared && (area.protection & PROT_WRITE) != 0;
      const bool write = how == BringsIn::kWrites || copies;
      if ((area.protection & (write ? PROT_WRITE : PROT_READ)) == 0) {
        if (!passes) return false;
        continue;
      }
      // Other areas of the range lie before the part.
      uintptr_t first = std::max(from, part.start), last = std::min(part.end, area.end);
      if (first < last && !access(first, last, write)) return false;
    }
    start = std::max(start, from);
  }
  return true;
}

}  // namespace

bool would_wait(ThreadState* state, uintptr_t start, uintptr_t end, BringsIn how) {
  if (userfaultfd_contexts.load(std::memory_order_relaxed) == 0) return false;
  bool waits = false;
  each_access(start, end, how, [&](uintptr_t first, uintptr_t last, bool write) {
    waits = access_waits_for_itself(state, first, last - first, write);
    return !waits;
  });
  return waits && (how != BringsIn::kLocks || is_mapped(start, end));
}

bool bring_in(uintptr_t start, uintptr_t end, BringsIn how) {
  if (userfaultfd_contexts.load(std::memory_order_relaxed) == 0) return true;
  // A touch of a page that can't be had ends the process without the guard, which is installed with the first mapping.
  if (guard_install() != 0) return true;
  return each_access(start, end, how, touch_pages);
}

void each_served_part(uintptr_t start, uintptr_t end, const std::function<bool(bool, uintptr_t, uintptr_t)>& part) {
  for (const UffdPart& served : registered_parts(start, end)) {
    if (start < served.start && !part(false, start, served.start)) return;
    if (!part(true, std::max(start, served.start), served.end)) return;
    start = served.end;
  }
  if (start < end) part(false, start, end);
}

}  // namespace vmarea

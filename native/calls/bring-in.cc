#include "calls/bring-in.h"

#include <sys/mman.h>

#include <algorithm>

#include "guard/area-at.h"
#include "guard/guard.h"
#include "page/touch-pages.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {

bool bring_in(uintptr_t start, uintptr_t end, BringsIn how, bool passes_holes) {
  if (userfaultfd_contexts.load(std::memory_order_relaxed) == 0) return true;
  // A touch of a page that can't be had ends the process without the guard, which is installed with the first mapping.
  if (guard_install() != 0) return true;
  // Only areas with served pages are looked up.
  for (const UffdPart& part : registered_parts(start, end)) {
    uintptr_t from = passes_holes ? part.start : start;
    for (AreaAt area; from < part.end; from = area.end) {
      if (!area_at(from, &area)) {
        if (!passes_holes) return true;
        area.end = part.end;
        continue;
      }
      bool write = how == BringsIn::kWrites || (how == BringsIn::kCopies && !area.shared && (area.protection & PROT_WRITE) != 0);
      if ((area.protection & (write ? PROT_WRITE : PROT_READ)) == 0) {
        if (!passes_holes) return true;
        continue;
      }
      // Other areas of the range lie before the part.
      uintptr_t first = std::max(from, part.start), last = std::min(part.end, area.end);
      if (first < last && !touch_pages(first, last, write)) return false;
    }
    start = std::max(start, from);
  }
  return true;
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

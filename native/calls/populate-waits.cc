// System calls that fault pages in: whether one would wait for a fault that only the calling thread could answer.
#include <sys/mman.h>

#include <algorithm>

#include "addon/callback.h"
#include "addon/function-tables.h"
#include "guard/area-at.h"
#include "page/page-size.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {
namespace {

// How a call faults pages in: mlock(2) does nothing where a part of the range is not mapped, and writes where a write makes a private copy;
// mlockall(2) passes over holes; the two advices read or write up to the first hole.
enum Populates : int { kLocks, kLocksAll, kReads, kWrites };

bool is_mapped(uintptr_t start, uintptr_t end) {
  AreaAt area;
  for (; start < end; start = area.end)
    if (!area_at(start, &area)) return false;
  return true;
}

bool would_wait(ThreadState* state, uintptr_t address, size_t length, int how) {
  if (userfaultfd_contexts.load(std::memory_order_relaxed) == 0) return false;
  if (how == kLocksAll) {
    address = 0;
    length = uintptr_t{1} << 47;
  }
  uintptr_t start = address & ~(static_cast<uintptr_t>(page_size()) - 1);
  uintptr_t end = start + whole_pages(length + (address - start));
  if (end <= start || !access_waits_for_itself(state, start, end - start, true)) return false;
  if (how == kLocksAll) return true;  // it may also refuse for a write-protected page that mlockall would only read
  if (how == kLocks && !is_mapped(start, end)) return false;
  AreaAt area;
  for (; start < end; start = area.end) {
    if (!area_at(start, &area)) return false;
    bool write = how == kWrites || (how == kLocks && !area.shared && (area.protection & PROT_WRITE) != 0);
    // The call fails there, before it waits for anything behind.
    if ((area.protection & (write ? PROT_WRITE : PROT_READ)) == 0) return false;
    if (access_waits_for_itself(state, start, std::min(end, area.end) - start, write)) return true;
  }
  return false;
}

int populate_waits(ThreadState* state, uint64_t address, size_t length, int how) { return would_wait(state, address, length, how) ? 1 : 0; }

constexpr Function kFunctions[] = {
    {"populateWaits", callback<populate_waits>},
};

}  // namespace

const FunctionTable kPopulateWaits(kFunctions);

}  // namespace vmarea

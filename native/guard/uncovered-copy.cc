#include "guard/uncovered-copy.h"

#include <time.h>

#include "guard/covers.h"
#include "page/guarded-copy.h"
#include "region/region-table.h"

namespace vmarea {
namespace {

struct Standing {
  bool unsettled;
  bool covered;      // a page of the range is, now
  uint64_t changes;  // how often pages of the region have been covered and put back
  Fault first;
};

Standing look(uintptr_t memory, size_t length) {
  TableLock lock;
  const Region* region = find_locked(memory);
  if (region == nullptr || region->hole || length == 0) return {};
  Standing standing = {region->unsettled, false, region->cover_changes, region->first};
  standing.covered = first_cover_locked(memory, memory + length) != nullptr;
  return standing;
}

}  // namespace

size_t uncovered_copy(void* target, const void* source, size_t length, uintptr_t memory, Fault* fault) {
  for (;;) {
    Standing before = look(memory, length);
    if (before.unsettled) {
      *fault = before.first;
      return 0;
    }
    if (!before.covered) {
      size_t done = guarded_copy(target, source, length, fault);
      if (done < length || look(memory, length).changes == before.changes) return done;
    }
    // The scope is a synchronous function on the region's thread.
    const timespec moment = {0, 100'000};
    nanosleep(&moment, nullptr);
  }
}

}  // namespace vmarea

#include "guard/uncovered-copy.h"

#include <time.h>

#include "guard/covers.h"
#include "page/guarded-copy.h"
#include "region/region-table.h"

namespace vmarea {
namespace {

struct Standing {
  bool unanswered;   // a fault of the region is, and no scope will answer it
  bool covered;      // a page of the range is, now
  uint64_t changes;  // how often pages of the region have been covered and put back
  Fault first;
};

Standing look(uintptr_t memory, size_t length) {
  TableLock lock;
  const Region* region = find_locked(memory);
  if (region == nullptr || region->hole || length == 0) return {};
  bool covered = first_cover_locked(memory, memory + length) != nullptr;
  // Until the event loop of the region's thread has turned, a scope may be open that answers the fault. Without a bell it never reports one.
  bool no_scope = region->reported || (covered && region->owner->bell < 0);
  return {region->unsettled && no_scope, covered, region->cover_changes, region->first};
}

}  // namespace

size_t uncovered_copy(void* target, const void* source, size_t length, uintptr_t memory, Fault* fault) {
  for (;;) {
    Standing before = look(memory, length);
    if (before.unanswered) {
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

#include "guard/uncovered-copy.h"

#include <time.h>

#include "guard/covers.h"
#include "page/guarded-copy.h"
#include "region/region-table.h"

namespace vmarea {
namespace {

struct Standing {
  bool unanswered;   // the region has a fault that no scope will answer
  bool covered;      // a page of the range is covered now
  uint64_t changes;  // how often pages of the region were covered or put back
  Fault first;
};

Standing look(uintptr_t memory, size_t length) {
  TableLock lock;
  const Region* region = find_locked(memory);
  if (region == nullptr || region->hole || length == 0) return {};
  bool covered = first_cover_locked(memory, memory + length) != nullptr;
  // Until the event loop of the region's thread runs again, a scope may be open that answers the fault. A thread without a bell never
  // reports one.
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
      bool met_cover = done < length && fault->covered;
      if (!met_cover && (done < length || look(memory, length).changes == before.changes)) return done;
    }
    // Wait for the end of the scope, a synchronous function on the region's thread.
    const timespec moment = {0, 100'000};
    nanosleep(&moment, nullptr);
  }
}

}  // namespace vmarea

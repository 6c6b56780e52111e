#include "region/absence.h"

#include "region/region-table.h"

namespace vmarea {
namespace {

// The number of the last absence for which this thread retried an access.
__thread uint64_t retried
#ifdef __GLIBC__
    __attribute__((tls_model("initial-exec")))  // a signal handler must not allocate to find it
#endif
    = 0;

}  // namespace

void note_absence_locked(Region* region) {
  static uint64_t last = 0;
  // This thread does not touch the page meanwhile.
  bool knows_all = retried == region->absence;
  region->absence = ++last;
  if (knows_all) retried = last;
}

bool may_have_been_absent(uintptr_t address) {
  TableLock lock;
  const Region* region = find_locked(address);
  if (region == nullptr || region->absence == 0 || region->absence == retried) return false;
  retried = region->absence;
  return true;
}

}  // namespace vmarea

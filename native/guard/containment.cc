#include "guard/containment.h"

#include <unistd.h>

#include "guard/covers.h"
#include "page/guarded-copy.h"
#include "guard/noted-faults.h"
#include "guard/present-memory.h"
#include "region/region-table.h"
#include "guard/wait-for-page.h"

namespace vmarea {
namespace {

void record_locked(Region* region, const Fault& fault) {
  region->faults++;
  region->unanswered++;
  if (!region->hole && !region->unsettled) {
    region->unsettled = true;
    region->first = fault;
    region->owner->shared_results.unsettled.fetch_add(1);
  }
  ThreadState* here = current_thread_state;
  if (here == nullptr) return note_for_owner_locked(region, fault);
  int32_t number = here->shared_results.contained.fetch_add(1) + 1;
  here->last_fault = fault;
  // A thread without a bell has handed out no views: the buffer belongs to another thread, which alone can report the fault.
  if (here->bell < 0 && here != region->owner) return note_for_owner_locked(region, fault);
  if (here->noted.push({fault, region->hole ? 0 : region->handle, region->owner, region->settlements, number})) ring_bell_locked(here);
  else note_for_owner_locked(region, fault);
}

// Whether the cover lets the access continue. A cover that is the page itself may have lost it: the file may have been truncated since.
bool serves_locked(const Fault& fault) {
  NoWaiting no_waiting;
  return guarded_touch(fault.address, fault.access == 1);
}

bool contain_locked(Region* region, Fault fault) {
  uintptr_t page = fault.address & ~(static_cast<uintptr_t>(region->page) - 1);
  if (region->hole) fault.reason = kUnmapped;
  const Cover* cover = find_cover_locked(fault.address);
  if (cover != nullptr && !serves_locked(fault)) {
    if (uncover_locked(region, *cover) != 0) return false;
    cover = nullptr;
  }
  // If another thread has covered the page first, use its cover: the access is a fault of this thread as well.
  if (cover == nullptr && !cover_page_locked(region, page, fault)) return false;
  record_locked(region, fault);
  return true;
}

}  // namespace

void settle_locked(Region* region) {
  region->settlements++;
  region->unanswered = 0;
  region->reported = false;
  if (!region->unsettled) return;
  region->unsettled = false;
  region->owner->shared_results.unsettled.fetch_sub(1);
}

void tell_read_only(Fault* fault) {
  if (fault->access == 1 && fault->reason == kNoAccess && is_read_only(fault->address)) fault->reason = kReadOnly;
}

bool contain_certain_fault(const Fault& fault) {
  TableLock lock;
  Region* region = find_locked(fault.address);
  return region != nullptr && contain_locked(region, fault);
}

bool contain_fault(Fault fault) {
  {
    TableLock lock;
    Region* region = find_locked(fault.address);
    if (region == nullptr) return false;
    if (region->hole || is_covered_locked(fault.address)) return contain_locked(region, fault);
  }
  // The page now allows the access: retry it. If the touch waits for a server, it waits without the lock, as the access would.
  if (guarded_touch(fault.address, fault.access == 1)) return true;
  tell_read_only(&fault);
  TableLock lock;
  Region* region = find_locked(fault.address);
  // The range was unmapped meanwhile: let the access fault on it.
  if (region == nullptr) return true;
  return contain_locked(region, fault);
}

}  // namespace vmarea

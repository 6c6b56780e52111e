#include "lifetime/abandoned-regions.h"

#include <atomic>
#include <vector>

#include "guard/containment.h"
#include "lifetime/address-root.h"
#include "region/region-table.h"

namespace vmarea {
namespace {

// The owner of regions that an ended thread could not free. It is never destroyed, so that a signal handler finds it.
ThreadState* no_thread() {
  static ThreadState* state = new ThreadState;
  return state;
}

// Regions without a thread, under the table's lock. The next mapping call of any thread tries to free them again.
std::vector<Region*>& abandoned_locked() {
  static std::vector<Region*>* regions = new std::vector<Region*>;
  return *regions;
}

std::atomic<size_t> abandoned_count{0};

}  // namespace

void abandon(Region* region) {
  take_slot(region);
  TableLock lock;
  settle_locked(region);
  region->owner = no_thread();
  region->orphan = true;
  if (leased(region)) return;  // freed with the last lease
  abandoned_locked().push_back(region);
  abandoned_count.store(abandoned_locked().size());
}

void give_back_abandoned(ThreadState* state, int (*lock)(LayoutHolds*)) {
  if (abandoned_count.load() == 0) return;
  std::vector<Region*> waiting;
  {
    TableLock lock;
    waiting.swap(abandoned_locked());
    abandoned_count.store(0);
  }
  LayoutWriter writer(&state->holds, lock);
  for (Region* region : waiting) {
    if (writer.error == 0 && give_back(region) == 0) continue;
    TableLock lock;
    abandoned_locked().push_back(region);
    abandoned_count.store(abandoned_locked().size());
  }
}

}  // namespace vmarea

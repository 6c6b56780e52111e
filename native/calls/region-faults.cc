// Copies that may fault, and contained faults.
#include "guard/containment.h"
#include "addon/function-tables.h"
#include "guard/covers.h"
#include "guard/guard-keeper.h"
#include "guard/guard.h"
#include "page/guarded-copy.h"
#include "guard/noted-faults.h"
#include "lifetime/address-root.h"
#include "region/region-call.h"
#include "region/spare-areas.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {
namespace {

// Copies between the region and a typed array; either may have the bad page. Returns undefined, which is cheaper than a number, or
// -EFAULT with the fault in results. Copies nothing while an earlier contained fault is unanswered: then the answer is that fault.
template <bool kWrite>
Refusal copy_region(ThreadState* state, RegionBytes part) {
  if (part.region->unsettled) {
    TableLock lock;
    if (part.region->unsettled) return {put_fault(state, part.region->first)};
  }
  size_t length = part.bytes.length;
  if (access_waits_for_itself(state, part.start, length, kWrite)) return {-EDEADLK};
  void* memory = at(part.start);
  Fault fault{};
  size_t done = kWrite ? guarded_copy(memory, part.bytes.data, length, &fault) : guarded_copy(part.bytes.data, memory, length, &fault);
  if (done == length) return {0};
  if (fault.reason == kWouldDeadlock) return {-EDEADLK};
  tell_read_only(&fault);
  return {put_fault(state, fault)};
}

double region_faults(Region* region) { return region->faults; }

// Returns -EFAULT with the first unsettled fault in results, or 0.
int region_fault(ThreadState* state, Region* region) {
  TableLock lock;
  return region->unsettled ? put_fault(state, region->first) : 0;
}

int restore_region(ThreadState* state, Region* region) {
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  TableLock lock;
  int error = uncover_all_locked(region);
  if (error != 0) return error;
  settle_locked(region);
  take_spare_areas_locked(region->page);
  return 0;
}

// Answers the faults that were contained on this thread since `contained` had the value of the mark: puts their pages back, and returns
// -EFAULT with the first of them in results. A fault that was reported meanwhile stays with its region.
int leave_scope(ThreadState* state, int mark) {
  if (state->shared_results.contained.load() == mark) return 0;
  TableLock lock;
  Fault first = answer_noted_since_locked(state, mark);
  state->shared_results.contained.store(mark);  // an outer scope does not answer them again
  const Region* region = find_locked(first.address);
  take_spare_areas_locked(region == nullptr ? 0 : region->page);
  return put_fault(state, first);
}

// Takes the next fault to report: returns -EFAULT with it in results, the handle last; 0 when there is none. The bell also rings when
// buffers were freed, whose addresses are given back here.
int take_fault(ThreadState* state) {
  give_back_deferred(state, layout_try_write_lock);
  TableLock lock;
  NotedFault noted;
  if (!take_noted_locked(state, &noted)) return 0;
  state->shared_results.results[3] = noted.handle;
  return put_fault(state, noted.fault);
}

// Sets the descriptor that gets a byte when a fault is noted; -1 for none. It holds the table's lock, under which handlers write: when it
// returns, no handler uses the former descriptor, which may be closed.
int set_bell(ThreadState* state, int descriptor) {
  TableLock lock;
  state->bell = descriptor;
  return 0;
}

// Keeps the guard in front. `watched` says that the main thread's JavaScript does it.
int keep_guard(ThreadState* state) {
  if (state->worker) return keep_guard_in_front();
  main_thread_listens();
  return 0;
}

constexpr Function kFunctions[] = {
    {"readRegion", callback<copy_region<false>>},
    {"writeRegion", callback<copy_region<true>>},
    {"regionFaults", callback<region_faults>},
    {"regionFault", callback<region_fault>},
    {"restoreRegion", callback<restore_region>},
    {"leaveScope", callback<leave_scope>},
    {"takeFault", callback<take_fault>},
    {"setBell", callback<set_bell>},
    {"installGuard", callback<guard_install>},
    {"keepGuard", callback<keep_guard>},
};

}  // namespace

const FunctionTable kRegionFaults(kFunctions);

}  // namespace vmarea

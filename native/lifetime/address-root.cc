#include "lifetime/address-root.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "guard/containment.h"
#include "lifetime/abandoned-regions.h"
#include "lifetime/forget-range.h"
#include "guard/covers.h"
#include "guard/noted-faults.h"
#include "lifetime/lent-buffers.h"
#include "lifetime/shared-buffers.h"
#include "region/region-table.h"
#include "region/spare-areas.h"

namespace vmarea {
namespace {

void unreference(AddressRoot* root) {
  while (root != nullptr && --root->references == 0) {
    AddressRoot* next = root->joined_to;
    delete root;
    root = next;
  }
}

// Adds the members that no object can reach any more.
void add_unreachable(const AddressRoot* root, std::vector<Region*>* found) {
  Region* region = root->members;
  if (region == nullptr) return;
  do {
    if (region->hole || region->orphan) found->push_back(region);
    region = region->next_member;
  } while (region != root->members);
}

std::vector<Region*> unreachable(const AddressRoot* root) {
  std::vector<Region*> found;
  add_unreachable(root, &found);
  return found;
}

// For a root without leases whose layout can't be changed now.
void give_back_later(AddressRoot* root) {
  ThreadState* owner = root->owner;
  if (!owner->ending) return defer(owner, root);
  for (Region* region : unreachable(root))
    if (region->owner == owner) abandon(region);
}

// Leaves holes to the next batch: a collection releases many, mostly neighbours, and unmapping them together takes a fraction of the time.
// False where memory must be freed now, or no batch will come.
bool joins_batch(const AddressRoot* root) {
  ThreadState* owner = root->owner;
  const Region* region = root->members;
  if (owner->ending || region == nullptr) return false;
  bool holes = false;
  do {
    if (region->orphan && !region->hole) return false;
    holes |= region->hole;
    region = region->next_member;
  } while (region != root->members);
  if (!holes) return false;
  TableLock lock;
  if (owner->bell < 0) return false;
  ring_bell_locked(owner);
  return true;
}

// Unmaps regions of which each begins where the one before ends, and removes them from the table.
int give_back_run(Region* const* regions, size_t count) {
  {
    TableLock lock;
    uintptr_t start = regions[0]->start;
    if (munmap(at(start), regions[count - 1]->end - start) != 0) return -errno;
    for (size_t index = 0; index < count; index++) {
      Region* region = regions[index];
      table_locked().erase(region->start);
      settle_locked(region);
      forget_covers_locked(region);
      region->close_file_locked();
      take_spare_areas_locked(region->page);
    }
    forget_range_locked(start, regions[count - 1]->end - start);
  }
  for (size_t index = 0; index < count; index++) {
    take_slot(regions[index]);
    leave_root(regions[index]);
    delete regions[index];
  }
  return 0;
}

// Requires the layout lock.
void give_back_in_runs(std::vector<Region*> regions) {
  std::sort(regions.begin(), regions.end(), [](const Region* one, const Region* other) { return one->start < other->start; });
  regions.erase(std::unique(regions.begin(), regions.end()), regions.end());
  for (size_t first = 0, next = 0; first < regions.size(); first = next) {
    do next++;
    while (next < regions.size() && regions[next]->start == regions[next - 1]->end);
    give_back_run(&regions[first], next - first);
  }
}

// Does not wait: it runs in a garbage collection, and the holder of the layout lock may be waiting for this thread.
void try_give_back(AddressRoot* root) {
  if (joins_batch(root)) return defer(root->owner, root);
  std::vector<Region*> regions = unreachable(root);
  if (regions.empty()) return;
  LayoutWriter writer(&root->owner->holds, layout_try_write_lock);
  if (writer.error == 0) give_back_in_runs(regions);
  if (!unreachable(root).empty()) give_back_later(root);
}

std::mutex& dead_owners() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}

void free_if_done(ThreadState* state) {
  if (!state->dead || state->leases > 0) return;
  forget_lent_buffers(state);
  delete state;
}

}  // namespace

AddressRoot* root_of(AddressRoot* root) {
  while (root->joined_to != nullptr) root = root->joined_to;
  return root;
}

void join_root(Region* region, AddressRoot* root) {
  region->root = root;
  root->references++;
  if (root->members == nullptr) {
    root->members = region->next_member = region->previous_member = region;
    return;
  }
  region->next_member = root->members;
  region->previous_member = root->members->previous_member;
  region->previous_member->next_member = region->next_member->previous_member = region;
}

AddressRoot* ensure_root(Region* region) {
  if (region->root == nullptr) {
    AddressRoot* root = new AddressRoot;
    root->owner = region->owner;
    join_root(region, root);
  }
  return root_of(region->root);
}

bool leased(const Region* region) { return region->root != nullptr && root_of(region->root)->leases > 0; }

void leave_root(Region* region) {
  if (region->root == nullptr) return;
  AddressRoot* root = root_of(region->root);
  if (root->members == region) root->members = region->next_member == region ? nullptr : region->next_member;
  region->next_member->previous_member = region->previous_member;
  region->previous_member->next_member = region->next_member;
  unreference(region->root);
  region->root = nullptr;
}

void join_roots(AddressRoot* root, AddressRoot* other) {
  Region *first = root->members, *second = other->members;
  Region *first_last = first->previous_member, *second_last = second->previous_member;
  first_last->next_member = second;
  second->previous_member = first_last;
  second_last->next_member = first;
  first->previous_member = second_last;
  other->members = nullptr;
  root->leases += other->leases;
  other->leases = 0;
  other->joined_to = root;
  root->references++;
}

int give_back(Region* region) { return give_back_run(&region, 1); }

void defer(ThreadState* state, AddressRoot* root) {
  root->references++;
  state->deferred.push_back(root);
}

int unmap_region(Region* region) {
  if (!leased(region)) return give_back(region);
  TableLock lock;
  // Replaces the region's own addresses, under the table's lock.
  if (mmap(at(region->start), region->length(), PROT_NONE, kNothing | MAP_FIXED, -1, 0) == MAP_FAILED) return -errno;
  forget_range_locked(region->start, region->length());
  settle_locked(region);
  forget_covers_locked(region);
  region->close_file_locked();
  region->hole = true;
  if (region->object != nullptr && !region->owner->ending) region->lease = lease_region(region);
  take_slot(region);
  return 0;
}

AddressRoot* lease_region(Region* region) {
  AddressRoot* root = ensure_root(region);
  root->leases++;
  root->references++;
  root->owner->leases++;
  return root;
}

void release_lease(AddressRoot* lease) {
  ThreadState* owner = lease->owner;
  // Only the thread itself touches its state until it ends; later the thread that finishes a call in flight does.
  std::unique_lock<std::mutex> turn(dead_owners(), std::defer_lock);
  if (owner->dead) turn.lock();
  AddressRoot* root = root_of(lease);
  root->references++;  // keeps the root alive during the loop
  if (--root->leases == 0) try_give_back(root);
  unreference(lease);
  unreference(root);
  owner->leases--;
  free_if_done(owner);
}

void give_back_deferred(ThreadState* state, int (*lock)(LayoutHolds*)) {
  release_gone_shared_buffers(state);
  if (state->holds.readers > 0) return;
  give_back_abandoned(state, lock);
  if (state->deferred.empty()) return;
  LayoutWriter writer(&state->holds, lock);
  if (writer.error != 0) return;
  std::vector<AddressRoot*> waiting;
  waiting.swap(state->deferred);  // members that fail again are deferred again
  std::vector<Region*> regions;
  for (AddressRoot* root : waiting) {
    if (root_of(root)->leases == 0) add_unreachable(root_of(root), &regions);
  }
  give_back_in_runs(regions);
  for (AddressRoot* root : waiting) {
    AddressRoot* now = root_of(root);
    if (now->leases == 0 && !unreachable(now).empty()) defer(state, now);
    unreference(root);
  }
}

void unmap_regions_of(ThreadState* state) {
  layout_release_all(&state->holds);
  give_back_deferred(state);
  for (AddressRoot* root : state->deferred) {
    for (Region* region : unreachable(root_of(root)))
      if (region->owner == state) abandon(region);
    unreference(root);
  }
  state->deferred.clear();
  {
    LayoutWriter writer(&state->holds);
    for (size_t slot = 0; slot < state->slots.size(); slot++)
      if (Region* region = state->slots[slot]; region != nullptr && (writer.error != 0 || unmap_region(region) != 0)) abandon(region);
  }
}

void collect(Region* region) {
  if (AddressRoot* lease = region->lease) {
    region->lease = nullptr;
    return release_lease(lease);  // may free the region
  }
  region->orphan = true;
  if (leased(region)) return;
  LayoutWriter writer(&region->owner->holds, layout_try_write_lock);
  bool done = writer.error == 0 && give_back(region) == 0;
  if (!done) give_back_later(ensure_root(region));
}

void let_go_of_state(ThreadState* state) {
  state->dead = true;
  free_if_done(state);
}

}  // namespace vmarea

#include "lifetime/address-root.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "guard/containment.h"
#include "lifetime/forget-range.h"
#include "guard/covers.h"
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

// Calls `take` with each member that no object can reach any more. It may remove the member from the root.
template <typename Take>
void for_unreachable(AddressRoot* root, Take take) {
  Region* last = root->members == nullptr ? nullptr : root->members->previous_member;
  for (Region *region = root->members, *next; region != nullptr; region = next) {
    next = region == last ? nullptr : region->next_member;
    if (region->hole || region->orphan) take(region);
  }
}

// Requires the layout lock. False where a member could not be freed.
bool give_back_unreachable(AddressRoot* root) {
  bool done = true;
  for_unreachable(root, [&](Region* region) { done &= give_back(region) == 0; });
  return done;
}

// The owner of regions that an ended thread could not free. It is never destroyed, so that a signal handler finds it.
ThreadState* nobody() {
  static ThreadState* state = new ThreadState;
  return state;
}

// Regions without a thread, under the table's lock. The next mapping call of any thread tries to free them again.
std::vector<Region*>& abandoned_locked() {
  static std::vector<Region*>* regions = new std::vector<Region*>;
  return *regions;
}

std::atomic<size_t> abandoned_count{0};

// The thread ends and could not unmap the region: another thread holds the layout lock for longer than this one may wait, or the kernel
// refused, as it does for the middle of an area at the limit of areas.
void abandon(Region* region) {
  take_slot(region);
  TableLock lock;
  settle_locked(region);
  region->owner = nobody();
  region->orphan = true;
  if (leased(region)) return;  // freed with the last lease
  abandoned_locked().push_back(region);
  abandoned_count.store(abandoned_locked().size());
}

void give_back_abandoned(ThreadState* state) {
  std::vector<Region*> waiting;
  {
    TableLock lock;
    waiting.swap(abandoned_locked());
    abandoned_count.store(0);
  }
  LayoutWriter writer(&state->holds);
  for (Region* region : waiting) {
    if (writer.error == 0 && give_back(region) == 0) continue;
    TableLock lock;
    abandoned_locked().push_back(region);
    abandoned_count.store(abandoned_locked().size());
  }
}

// For a root without leases whose layout can't be changed now.
void give_back_later(AddressRoot* root) {
  ThreadState* owner = root->owner;
  if (!owner->ending) return defer(owner, root);
  for_unreachable(root, [&](Region* region) {
    if (region->owner == owner) abandon(region);
  });
}

// Does not wait: it runs in a garbage collection, and the holder of the layout lock may be waiting for this thread.
void try_give_back(AddressRoot* root) {
  LayoutWriter writer(&root->owner->holds, layout_try_write_lock);
  bool done = writer.error == 0 && give_back_unreachable(root);
  if (!done) give_back_later(root);
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

int give_back(Region* region) {
  {
    TableLock lock;
    if (munmap(at(region->start), region->length()) != 0) return -errno;
    table_locked().erase(region->start);
    settle_locked(region);
    forget_covers_locked(region);
    if (region->file >= 0) close(region->file);
    forget_range_locked(region->start, region->length());
    take_spare_areas_locked(region->page);
  }
  take_slot(region);
  leave_root(region);
  delete region;
  return 0;
}

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
  region->hole = true;
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

void give_back_deferred(ThreadState* state) {
  release_gone_shared_buffers(state);
  if (state->holds.readers > 0) return;
  if (abandoned_count.load() > 0) give_back_abandoned(state);
  if (state->deferred.empty()) return;
  std::vector<AddressRoot*> waiting;
  waiting.swap(state->deferred);  // members that fail again are deferred again
  for (AddressRoot* root : waiting) {
    AddressRoot* now = root_of(root);
    LayoutWriter writer(&state->holds);
    bool done = writer.error == 0 && (now->leases > 0 || give_back_unreachable(now));
    if (!done) defer(state, now);
    unreference(root);
  }
}

void unmap_regions_of(ThreadState* state) {
  layout_release_all(&state->holds);
  give_back_deferred(state);
  for (AddressRoot* root : state->deferred) {
    for_unreachable(root_of(root), [&](Region* region) {
      if (region->owner == state) abandon(region);
    });
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

// What keeps addresses reserved, and freeing them when nothing does.
#pragma once

#include <cstddef>

#include "addon/layout-lock.h"
#include "region/region.h"

namespace vmarea {

// Address ranges that the same buffers may still reach. Splits share one root, merges join two. While `leases` is above zero, no member's
// addresses are freed.
struct AddressRoot {
  ThreadState* owner = nullptr;
  AddressRoot* joined_to = nullptr;  // after a merge, the root that replaces this one
  size_t references = 0;             // members, leases, and roots joined to this one
  size_t leases = 0;                 // buffers that may reach the addresses, and calls in flight
  Region* members = nullptr;         // a ring
};

// The root that is in effect after merges.
AddressRoot* root_of(AddressRoot* root);
AddressRoot* ensure_root(Region* region);
void join_root(Region* region, AddressRoot* root);
void leave_root(Region* region);
// Joins two roots: both address ranges stay reserved while either is reachable.
void join_roots(AddressRoot* root, AddressRoot* other);

// Keeps the region's addresses reserved until the lease is released.
AddressRoot* lease_region(Region* region);
void release_lease(AddressRoot* lease);
bool leased(const Region* region);

// Unmaps the region and removes it from the table. The caller holds the layout lock. Returns 0, or a negative error number with the
// region unchanged: at the limit of areas the kernel can't unmap the middle of an area.
int give_back(Region* region);
// Frees the memory, and the addresses too unless a buffer may reach them. Returns 0 or a negative error number.
int unmap_region(Region* region);

// The region's object was collected: frees the memory now, or with the last lease. Never waits.
void collect(Region* region);

// Defers freeing the root's unreachable members until this thread next maps, unlocks, or answers its bell.
void defer(ThreadState* state, AddressRoot* root);
void give_back_deferred(ThreadState* state, int (*lock)(LayoutHolds*) = layout_write_lock);
// The thread has ended: frees everything that it held.
void unmap_regions_of(ThreadState* state);
// The thread's regions are freed: frees its state now, or with the last lease.
void let_go_of_state(ThreadState* state);

}  // namespace vmarea

// Who keeps addresses taken, and giving them back when nobody does any more.
#pragma once

#include <cstddef>

#include "region/region.h"

namespace vmarea {

// Address ranges that may still be reached through the same buffers. Splits share one, merges join two.
// While `leases` is above zero, none of its members' addresses are given back.
struct AddressRoot {
  ThreadState* owner = nullptr;
  AddressRoot* joined_to = nullptr;  // after a merge the other one counts
  size_t references = 0;             // members, leases, and roots joined to this one
  size_t leases = 0;                 // buffers that may reach the addresses, and work in flight
  Region* members = nullptr;         // a ring
};

// The root that counts.
AddressRoot* root_of(AddressRoot* root);
AddressRoot* ensure_root(Region* region);
void join_root(Region* region, AddressRoot* root);
void leave_root(Region* region);
// Both address ranges are reachable as long as either is.
void join_roots(AddressRoot* root, AddressRoot* other);

// Keeps the region's addresses from being given back, until the lease is released.
AddressRoot* lease_region(Region* region);
void release_lease(AddressRoot* lease);
bool leased(const Region* region);

// Takes the region out of memory and out of the table. The caller has the layout lock. Answers 0, or a negative error number with the
// region as it was: a piece out of the midst of a VMA can't be given back at the limit of their number.
int give_back(Region* region);
// Gives the memory back, and the addresses with it unless a buffer may reach them. Answers a negative error number.
int unmap_region(Region* region);

// The region's object was collected: the memory goes now, or with the last lease. Waits for nothing.
void collect(Region* region);

// The root's members that nobody can reach are given back when this thread maps or unlocks next.
void defer(ThreadState* state, AddressRoot* root);
void give_back_deferred(ThreadState* state);
// The thread is gone: everything it held goes.
void unmap_regions_of(ThreadState* state);
// Nothing of the thread is in use any more. Its state goes now, or with the last lease.
void let_go_of_state(ThreadState* state);

}  // namespace vmarea

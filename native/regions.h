// The memory that the library holds: a table of ranges, by address, for the guard and for JavaScript.
//
// Who may do what:
//   - The table itself is under `table_lock`, which the signal handler takes too; nothing that holds it touches a region's memory.
//   - A region's other fields belong to the thread that made it, save what containment changes, which is under the lock as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "call.h"
#include "thread-state.h"

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

struct Region {
  uintptr_t start = 0;
  uintptr_t end = 0;
  size_t page = 0;
  ThreadState* owner = nullptr;
  AddressRoot* root = nullptr;  // none until a buffer can reach the addresses
  Region* next_member = nullptr;  // of the root's ring
  Region* previous_member = nullptr;
  double handle = 0;
  napi_ref object = nullptr;  // weak: finds the region's object in JavaScript, and tells when it is collected
  bool hole = false;          // unmapped: inaccessible addresses that only wait for the last lease
  bool orphan = false;        // nobody has the object any more: goes with the last lease

  // Containment. A covered page's true memory waits in the `aside` window, at the same offset.
  double faults = 0;
  bool unsettled = false;
  Fault first{};
  uintptr_t aside = 0;
  bool aside_shared_with_stranger = false;  // a hole in the window was taken by someone: never unmap it
  uintptr_t* places = nullptr;              // by page, where there was no room for the window
  uint64_t* covered = nullptr;
  size_t covered_pages = 0;

  size_t length() const { return end - start; }
};

// The region behind a handle of this thread, or nullptr.
Region* region_of(ThreadState* state, double handle);

// Keeps the region's addresses from being given back, until the lease is released.
AddressRoot* lease_region(Region* region);
void release_lease(AddressRoot* lease);

// A write that was refused, to a page that can be read, is told as that.
void tell_read_only(Fault* fault);

// Contains a fault, in the signal handler: covers the page and records the fault. False where the address is not ours.
bool contain_fault(Fault fault);

// Answers a call with -EFAULT and the fault in the mailbox's results.
napi_value put_fault(Call& call, const Fault& fault);

// Gives back what waited for this thread to leave the layout lock.
void give_back_deferred(ThreadState* state);
// The thread is gone: everything it held goes.
void release_regions_of(ThreadState* state);

extern const Function kRegionFunctions[];
extern const size_t kRegionFunctionCount;

}  // namespace vmarea

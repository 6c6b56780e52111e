// What JavaScript does with regions: one function a method of `Region` and `Regions`.
#include "region-functions.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "address-root.h"
#include "containment.h"
#include "forget-range.h"
#include "guard.h"
#include "guard-keeper.h"
#include "guard-source.h"
#include "guarded-copy.h"
#include "held-calls.h"
#include "held-flags.h"
#include "lent-buffers.h"
#include "move-page.h"
#include "region-table.h"
#include "spare-areas.h"
#include "userfaultfd.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace vmarea {

napi_value put_fault(Call& call, const Fault& fault) {
  ThreadState* state = thread_state_of(call.env());
  state->mailbox.results[0] = static_cast<double>(fault.address);
  state->mailbox.results[1] = fault.access;
  state->mailbox.results[2] = fault.reason;
  return call.result(-EFAULT);
}

namespace {

// What makes memory of pages of this size.
int huge_flags(size_t page) {
  if (page == static_cast<size_t>(sysconf(_SC_PAGESIZE))) return 0;
  return MAP_HUGETLB | __builtin_ctzll(page) << 26;
}

constexpr int kGone = -ENXIO;  // a handle that stands for nothing any more

// The frame that all functions on a region share: this thread's state and the region behind the first argument.
struct RegionCall : Call {
  RegionCall(napi_env env, napi_callback_info info)
      : Call(env, info), state(thread_state_of(env)), region(region_of(state, number(0))) {}
  ThreadState* state;
  Region* region;
};

// The region's object was collected. The memory goes now, or with the last buffer.
void object_collected(napi_env env, void* data, void*) {
  Region* region = static_cast<Region*>(data);
  ThreadState* state = region->owner;
  napi_delete_reference(env, region->object);
  region->object = nullptr;
  region->orphan = true;
  if (leased(region)) return;
  LayoutWriter writer(&state->holds);
  if (writer.error != 0 || give_back(region) != 0) defer(state, ensure_root(region));
}

// Ties a region to its object in JavaScript: each finds the other, and the memory goes when the object does.
napi_value own_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  napi_status status = napi_add_finalizer(env, call.value(1), call.region, object_collected, nullptr, &call.region->object);
  return call.result(status == napi_ok ? 0 : -ENOMEM);
}

napi_value object_of(napi_env env, Region* region) {
  napi_value object = nullptr;
  if (region != nullptr && region->object != nullptr) napi_get_reference_value(env, region->object, &object);
  if (object == nullptr) napi_get_undefined(env, &object);
  return object;
}

// The object of the region with this handle; undefined where there is none any more.
napi_value find_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  if (call.wrong()) return nullptr;
  return object_of(env, call.region);
}

// The object of this thread's region around the address.
napi_value find_region_at(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uintptr_t address = call.address(0);
  if (call.wrong()) return nullptr;
  ThreadState* state = thread_state_of(env);
  Region* region = nullptr;
  {
    TableLock lock;
    region = find_locked(address);
    if (region != nullptr && region->owner != state) region = nullptr;
  }
  return object_of(env, region);
}

// mmap, and a region over what it gave. results[0] is the start.
napi_value map_region(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uintptr_t address = call.address(0);
  size_t length = call.size(1);
  int protection = call.int32(2);
  int flags = call.int32(3);
  int descriptor = call.int32(4);
  int64_t offset = call.integer(5);
  size_t page = call.size(6);
  if (call.wrong()) return nullptr;
  if (page == 0 || (page & (page - 1)) != 0 || length == 0 || length > SIZE_MAX / 2) return call.result(-EINVAL);
  ThreadState* state = thread_state_of(env);
  give_back_deferred(state);
  // Another addon may have put its handler in front of ours. Looking takes two system calls, so not every time.
  if (state->mappings++ % 64 == 0) {
    int error = guard_install();
    if (error != 0) return call.result(error);
  }
  size_t whole = (length + page - 1) & ~(page - 1);
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return call.result(writer.error);
  if ((flags & MAP_FIXED) != 0 && (flags & MAP_FIXED_NOREPLACE) != MAP_FIXED_NOREPLACE) {
    TableLock lock;
    if (overlaps_locked(address, address + whole)) return call.result(-EBUSY);
  }
  void* place = mmap(at(address), whole, protection, flags, descriptor, offset);
  if (place == MAP_FAILED) return call.result(-errno);
  uintptr_t start = reinterpret_cast<uintptr_t>(place);
  // A kernel before 4.17 takes NOREPLACE for a hint.
  if ((flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE && start != address) {
    munmap(place, whole);
    return call.result(-EEXIST);
  }
  Region* region = new_region(state, start, start + whole, page);
  {
    TableLock lock;
    table_locked().emplace(start, region);
    take_spare_areas_locked();
  }
  state->mailbox.results[0] = static_cast<double>(start);
  return call.result(region->handle);
}

napi_value protect_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  size_t offset = call.size(1);
  size_t length = call.size(2);
  int protection = call.int32(3);
  int previous = call.int32(4);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  if (!call.region->has(offset, length)) return call.result(-EINVAL);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  int refusal = held_protection_refusal(call.region->start + offset, length, protection);
  if (refusal != 0) return call.result(refusal);
  TableLock lock;
  uncover_all_locked(call.region);
  uintptr_t start = call.region->start + offset;
  int error = protect_memory_locked(start, length, protection);
  if (error != 0) protect_memory_locked(start, length, previous);  // what changed before the area that refused changes back
  return call.result(error);
}

napi_value replace_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  size_t offset = call.size(1);
  size_t length = call.size(2);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  if (!call.region->has(offset, length)) return call.result(-EINVAL);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  TableLock lock;
  uncover_all_locked(call.region);
  void* place = at(call.region->start + offset);
  int flags = kNothing | MAP_FIXED | huge_flags(call.region->page);
  if (mmap(place, length, PROT_NONE, flags, -1, 0) == MAP_FAILED) return call.result(-errno);
  forget_range_locked(call.region->start + offset, length);
  return call.result(0);
}

napi_value split_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  size_t offset = call.size(1);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  if (offset == 0 || offset >= call.region->length() || offset % call.region->page != 0) return call.result(-EINVAL);
  Region* rest = new_region(call.state, call.region->start + offset, call.region->end, call.region->page);
  if (leased(call.region)) join_root(rest, root_of(call.region->root));
  TableLock lock;
  uncover_all_locked(call.region);
  drop_aside_locked(call.region);
  call.region->end = rest->start;
  table_locked().emplace(rest->start, rest);
  return call.result(rest->handle);
}

napi_value absorb_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  Region* next = region_of(call.state, call.number(1));
  if (call.wrong()) return nullptr;
  Region* region = call.region;
  if (region == nullptr || next == nullptr) return call.result(kGone);
  if (region->end != next->start || region->page != next->page) return call.result(-EINVAL);
  {
    TableLock lock;
    if (!may_merge_held_locked(region->end)) return call.result(-EINVAL);
  }
  if (next->root != nullptr) {
    AddressRoot* mine = ensure_root(region);
    AddressRoot* other = root_of(next->root);
    if (other != mine) join_roots(mine, other);
  }
  {
    TableLock lock;
    uncover_all_locked(region);
    uncover_all_locked(next);
    drop_aside_locked(region);
    drop_aside_locked(next);
    settle_locked(next);
    table_locked().erase(next->start);
    region->end = next->end;
    region->faults += next->faults;
  }
  take_slot(next);
  leave_root(next);
  delete next;
  return call.result(0);
}

// mremap that never lets go of addresses a buffer may reach. Answers the new start or MAP_FAILED.
void* resize_leased(Region* region, size_t length) {
  if (length <= region->length()) {
    // The tail becomes inaccessible instead of free.
    void* tail = at(region->start + length);
    size_t rest = region->length() - length;
    return rest > 0 && mmap(tail, rest, PROT_NONE, kNothing | MAP_FIXED, -1, 0) == MAP_FAILED ? MAP_FAILED : at(region->start);
  }
  void* grown = mremap(at(region->start), region->length(), length, 0);
  if (grown != MAP_FAILED || errno != ENOMEM) return grown;
  // It must move. Find room for all of it, move the pages in one step that keeps the old range taken, then grow into the room.
  void* room = mmap(nullptr, length + region->page, PROT_NONE, kNothing, -1, 0);
  if (room == MAP_FAILED) return MAP_FAILED;
  uintptr_t begin = reinterpret_cast<uintptr_t>(room);
  uintptr_t target = (begin + region->page - 1) & ~(static_cast<uintptr_t>(region->page) - 1);
  Moved moved = move_page(region->start, target, region->length());
  if (moved == Moved::kNo) {
    int error = errno;
    munmap(room, length + region->page);
    errno = error;
    return MAP_FAILED;
  }
  munmap(at(target + region->length()), begin + length + region->page - (target + region->length()));
  if (target > begin) munmap(room, target - begin);
  grown = mremap(at(target), region->length(), length, MREMAP_MAYMOVE);
  if (grown == MAP_FAILED) {
    int error = errno;
    move_page(target, region->start, region->length());
    munmap(at(target), region->length());
    errno = error;
    return MAP_FAILED;
  }
  mmap(at(region->start), region->length(), PROT_NONE, kNothing | MAP_FIXED, -1, 0);
  return grown;
}

// results[0] is the start afterwards.
napi_value resize_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  size_t length = call.size(1);
  if (call.wrong()) return nullptr;
  Region* region = call.region;
  if (region == nullptr) return call.result(kGone);
  if (length == 0 || length % region->page != 0) return call.result(-EINVAL);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  bool keep = leased(region);
  bool held = !held_in(region->start, region->end).empty();
  if (held && length > region->length()) {
    int refusal = held_growth_refusal(region->end);
    if (refusal != 0) return call.result(refusal);
  }
  TableLock lock;
  uncover_all_locked(region);
  drop_aside_locked(region);
  // A device's memory is served where it is.
  bool grows = length > region->length();
  void* place = held && grows  ? grow_in_place_locked(region->start, region->length(), length)
                : keep         ? resize_leased(region, length)
                               : mremap(at(region->start), region->length(), length, held ? 0 : MREMAP_MAYMOVE);
  if (place == MAP_FAILED) return call.result(-errno);
  uintptr_t start = reinterpret_cast<uintptr_t>(place);
  uintptr_t hole_start = start == region->start ? region->start + length : region->start;
  uintptr_t hole_end = region->end;
  if (length < region->length()) forget_range_locked(start + length, region->length() - length);
  if (held && length > region->length()) grow_range_locked(region->end, start + length);
  table_locked().erase(region->start);
  region->start = start;
  region->end = start + length;
  table_locked().emplace(start, region);
  if (keep && hole_start < hole_end) {
    Region* hole = new Region;
    hole->start = hole_start;
    hole->end = hole_end;
    hole->page = region->page;
    hole->owner = region->owner;
    hole->hole = true;
    join_root(hole, root_of(region->root));
    table_locked().emplace(hole->start, hole);
  }
  call.state->mailbox.results[0] = static_cast<double>(start);
  return call.result(0);
}


void release_lease_of_buffer(napi_env, void*, void* hint) { release_lease(static_cast<AddressRoot*>(hint)); }

// An ArrayBuffer over the part, or a negative error number where the engine refuses it.
napi_value view_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  size_t offset = call.size(1);
  size_t length = call.size(2);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  if (!call.region->has(offset, length)) return call.result(-EINVAL);
  AddressRoot* lease = lease_region(call.region);
  napi_value buffer = nullptr;
  napi_status status =
      lend_buffer(env, call.state, at(call.region->start + offset), length, lease, &buffer);
  if (status == napi_ok) return buffer;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) {
    napi_value exception;
    napi_get_and_clear_last_exception(env, &exception);
  }
  release_lease(lease);
  return call.result(status == napi_no_external_buffers_allowed ? -ENOTSUP : -ENOMEM);
}

// The region that a buffer lies in, which may be a hole by now.
Region* region_under(napi_env env, napi_value buffer) {
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_arraybuffer_info(env, buffer, &data, &length) != napi_ok) return nullptr;
  TableLock lock;
  Region* region = find_locked(reinterpret_cast<uintptr_t>(data));
  return region != nullptr && region->owner == thread_state_of(env) ? region : nullptr;
}

// Detaches a buffer over the region. Its object keeps the addresses taken until it is collected: a system call in flight on
// another thread may still have the bare pointer, and holds the object while it runs.
napi_value detach_view(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  if (call.wrong()) return nullptr;
  bool detached = false;
  napi_is_detached_arraybuffer(env, call.value(1), &detached);
  if (detached) return call.result(0);
  Region* region = call.region != nullptr ? call.region : region_under(env, call.value(1));
  if (region != nullptr) {
    AddressRoot* lease = lease_region(region);
    if (napi_add_finalizer(env, call.value(1), nullptr, release_lease_of_buffer, lease, nullptr) != napi_ok) release_lease(lease);
  }
  take_buffer_back(env, call.state, call.value(1));
  return call.result(napi_detach_arraybuffer(env, call.value(1)) == napi_ok ? 0 : -EINVAL);
}

napi_value unmap_region_call(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(0);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  return call.result(unmap_region(call.region));
}

// Copies between the region and a typed array, either of which may have the bad page. Answers nothing, which is cheaper than a number,
// or -EFAULT with the fault in results. Copies nothing while a fault that was contained before is unanswered: that one is the answer.
template <bool kWrite>
napi_value copy_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  size_t offset = call.size(1);
  size_t length = 0;
  uint8_t* bytes = call.bytes(2, &length);
  if (call.wrong()) return nullptr;
  Region* region = call.region;
  if (region == nullptr) return call.result(kGone);
  if (!region->has(offset, length)) return call.result(-EINVAL);
  if (region->unsettled) {
    TableLock lock;
    if (region->unsettled) return put_fault(call, region->first);
  }
  void* memory = at(region->start + offset);
  if (access_waits_for_itself(call.state, region->start + offset, length, kWrite)) return call.result(-EDEADLK);
  Fault fault{};
  size_t done = kWrite ? guarded_copy(memory, bytes, length, &fault) : guarded_copy(bytes, memory, length, &fault);
  if (done == length) return nullptr;
  if (fault.reason == kWouldDeadlock) return call.result(-EDEADLK);
  tell_read_only(&fault);
  return put_fault(call, fault);
}

napi_value region_faults(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  if (call.wrong()) return nullptr;
  return call.result(call.region == nullptr ? kGone : call.region->faults);
}

// Answers -EFAULT with the first unsettled fault in results, or 0.
napi_value region_fault(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  TableLock lock;
  return call.region->unsettled ? put_fault(call, call.region->first) : call.result(0);
}

napi_value restore_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  TableLock lock;
  uncover_all_locked(call.region);
  settle_locked(call.region);
  take_spare_areas_locked();
  return call.result(0);
}

// VM flags to hold of a part from now on, beside what is held of it already: those to be set, and the MAY flags to be cleared.
napi_value hold_flags(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  size_t offset = call.size(1);
  size_t length = call.size(2);
  uint64_t set = call.size(3);
  uint64_t cleared = call.size(4);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  bool sound = call.region->has(offset, length) && offset % call.region->page == 0 && length % call.region->page == 0;
  if (!sound || ((set | cleared) & kHeldWatched) != 0) return call.result(-EINVAL);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  uintptr_t start = call.region->start + offset;
  // mlockall(MCL_FUTURE) locks what comes, which the kernel takes back from an area that turns out to be special.
  if ((set & kVmSpecial) != 0) munlock(at(start), length);
  TableLock lock;
  hold_flags_locked(start, start + length, set, cleared);
  return call.result(0);
}

// What is held at an address: 1 with the flags set and those cleared in results, or 0.
napi_value held_flags_at(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uintptr_t address = call.address(0);
  if (call.wrong()) return nullptr;
  if (held_ranges.load() == 0) return call.result(0);
  TableLock lock;
  HeldRange range = held_at_locked(address);
  if (range.start == range.end) return call.result(0);
  ThreadState* state = thread_state_of(env);
  state->mailbox.results[0] = static_cast<double>(range.set & ~kHeldWatched);
  state->mailbox.results[1] = static_cast<double>(range.cleared);
  return call.result(1);
}

// Puts back the pages that faulted in a scope, from the mark on. Answers -EFAULT with the first of them in results.
napi_value leave_scope(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int32_t mark = call.int32(0);
  if (call.wrong()) return nullptr;
  ThreadState* state = thread_state_of(env);
  int32_t length = state->mailbox.log_length.load();
  if (mark < 0 || mark >= length) return call.result(0);
  TableLock lock;
  for (int32_t index = mark; index < length; index++) {
    Region* region = find_locked(state->log[index].address);
    if (region == nullptr || region->hole) continue;
    size_t page = (state->log[index].address - region->start) / region->page;
    if (covered_locked(region, page)) uncover_locked(region, page);
  }
  state->mailbox.log_length.store(mark);
  take_spare_areas_locked();
  return put_fault(call, state->log[mark]);
}

// The next fault that was contained outside scopes: answers -EFAULT with it in results, the handle last; 0 when there is none.
napi_value take_fault(napi_env env, napi_callback_info info) {
  Call call(env, info);
  ThreadState* state = thread_state_of(env);
  TableLock lock;
  if (state->event_count == 0) return call.result(0);
  FaultEvent event = state->events[state->first_event];
  state->first_event = (state->first_event + 1) % ThreadState::kEvents;
  state->event_count--;
  state->mailbox.results[3] = event.handle;
  return put_fault(call, event.fault);
}

// A byte goes to this descriptor at each fault that was contained outside scopes; -1 for none.
napi_value set_bell(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  if (call.wrong()) return nullptr;
  thread_state_of(env)->bell.store(descriptor);
  return call.result(0);
}

napi_value install_guard(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.result(guard_install());
}

// Sees to it that the guard stays in front. On the main thread JavaScript does, and says so here.
napi_value keep_guard(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (thread_state_of(env)->worker) return call.result(keep_guard_in_front());
  main_thread_listens();
  return call.result(0);
}

}  // namespace

const Function kRegionFunctions[] = {
    {"mapRegion", map_region},
    {"protectRegion", protect_region},
    {"replaceRegion", replace_region},
    {"splitRegion", split_region},
    {"absorbRegion", absorb_region},
    {"resizeRegion", resize_region},
    {"unmapRegion", unmap_region_call},
    {"ownRegion", own_region},
    {"findRegion", find_region},
    {"findRegionAt", find_region_at},
    {"viewRegion", view_region},
    {"detachView", detach_view},
    {"readRegion", copy_region<false>},
    {"writeRegion", copy_region<true>},
    {"holdFlags", hold_flags},
    {"heldFlagsAt", held_flags_at},
    {"regionFaults", region_faults},
    {"regionFault", region_fault},
    {"restoreRegion", restore_region},
    {"leaveScope", leave_scope},
    {"takeFault", take_fault},
    {"setBell", set_bell},
    {"installGuard", install_guard},
    {"keepGuard", keep_guard},
};
const size_t kRegionFunctionCount = sizeof kRegionFunctions / sizeof *kRegionFunctions;

}  // namespace vmarea

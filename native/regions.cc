#include "regions.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <new>

#include "guard.h"
#include "guarded-copy.h"
#include "lent-buffers.h"
#include "userfaultfd.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace vmarea {
namespace {

std::atomic_flag table_lock = ATOMIC_FLAG_INIT;

class TableLock {
 public:
  TableLock() {
    while (table_lock.test_and_set(std::memory_order_acquire)) sched_yield();
  }
  ~TableLock() { table_lock.clear(std::memory_order_release); }
};

// By start address. Never destroyed: a handler may run until the process is gone.
std::map<uintptr_t, Region*>& table() {
  static std::map<uintptr_t, Region*>* table = new std::map<uintptr_t, Region*>;
  return *table;
}

// The functions below that end in _locked want the table lock.

Region* find_locked(uintptr_t address) {
  auto next = table().upper_bound(address);
  if (next == table().begin()) return nullptr;
  Region* region = std::prev(next)->second;
  return address < region->end ? region : nullptr;
}

bool overlaps_locked(uintptr_t start, uintptr_t end) {
  auto next = table().lower_bound(start);
  if (next != table().end() && next->first < end) return true;
  return next != table().begin() && std::prev(next)->second->end > start;
}

void* at(uintptr_t address) { return reinterpret_cast<void*>(address); }

constexpr int kNothing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

// What makes memory of pages of this size.
int huge_flags(size_t page) {
  if (page == static_cast<size_t>(sysconf(_SC_PAGESIZE))) return 0;
  return MAP_HUGETLB | __builtin_ctzll(page) << 26;
}

// ---- containment ----------------------------------------------------------------------------------------------------------

size_t bitmap_bytes(const Region* region) { return (region->length() / region->page + 63) / 64 * 8; }

bool covered_locked(const Region* region, size_t page) {
  return region->covered != nullptr && (region->covered[page / 64] >> (page % 64) & 1) != 0;
}

// Near a limit of address space there is no window for a large region: then each page has a place of its own.
size_t places_bytes(const Region* region) { return region->length() / region->page * sizeof(uintptr_t); }

bool prepare_places_locked(Region* region) {
  void* places = mmap(nullptr, places_bytes(region), PROT_READ | PROT_WRITE, kNothing, -1, 0);
  if (places != MAP_FAILED) region->places = static_cast<uintptr_t*>(places);
  return region->places != nullptr;
}

// Where a page's true memory waits or will wait; 0 where there is no place for it.
uintptr_t place_locked(Region* region, size_t page) {
  if (region->places == nullptr) return region->aside + page * region->page;
  if (region->places[page] == 0) {
    void* place = mmap(nullptr, region->page, PROT_NONE, kNothing, -1, 0);
    if (place != MAP_FAILED) region->places[page] = reinterpret_cast<uintptr_t>(place);
  }
  return region->places[page];
}

// Reserves the window for true pages and the bitmap of covered ones, on a region's first fault.
bool prepare_aside_locked(Region* region) {
  if (region->covered == nullptr) {
    void* bitmap = mmap(nullptr, bitmap_bytes(region), PROT_READ | PROT_WRITE, kNothing, -1, 0);
    if (bitmap == MAP_FAILED) return false;
    region->covered = static_cast<uint64_t*>(bitmap);
  }
  if (region->aside != 0 || region->places != nullptr) return true;
  // Huge pages move only to places aligned as they are: reserve one more, and cut the ends off.
  size_t slack = region->page - static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* window = mmap(nullptr, region->length() + slack, PROT_NONE, kNothing, -1, 0);
  if (window == MAP_FAILED) return slack == 0 && prepare_places_locked(region);
  uintptr_t begin = reinterpret_cast<uintptr_t>(window);
  uintptr_t aligned = (begin + slack) & ~(static_cast<uintptr_t>(region->page) - 1);
  if (aligned > begin) munmap(window, aligned - begin);
  if (begin + slack > aligned) munmap(at(aligned + region->length()), begin + slack - aligned);
  region->aside = aligned;
  return true;
}

void drop_aside_locked(Region* region) {
  if (region->aside != 0 && !region->aside_shared_with_stranger) munmap(at(region->aside), region->length());
  if (region->places != nullptr) {
    for (size_t page = 0; region->covered_pages > 0; page++) {
      if (!covered_locked(region, page)) continue;
      munmap(at(region->places[page]), region->page);
      region->covered_pages--;
    }
    munmap(region->places, places_bytes(region));
  }
  if (region->covered != nullptr) munmap(region->covered, bitmap_bytes(region));
  region->aside = 0;
  region->aside_shared_with_stranger = false;
  region->places = nullptr;
  region->covered = nullptr;
  region->covered_pages = 0;
}

// Moves the page that is mapped at `from` over whatever is at `to`. `from` stays taken where the kernel can do that at once
// (Linux 5.13; never for huge pages); otherwise it is a hole for a moment. Answers whether it was left a hole.
enum class Moved { kNo, kKept, kHole };
Moved move_page(uintptr_t from, uintptr_t to, size_t length) {
  if (mremap(at(from), length, length, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at(to)) != MAP_FAILED) return Moved::kKept;
  if (mremap(at(from), length, length, MREMAP_MAYMOVE | MREMAP_FIXED, at(to)) != MAP_FAILED) return Moved::kHole;
  return Moved::kNo;
}

bool cover_locked(Region* region, size_t page, Fault* fault) {
  uintptr_t address = region->start + page * region->page;
  void* cover = mmap(nullptr, region->page, PROT_READ | PROT_WRITE, kNothing, -1, 0);
  if (cover == MAP_FAILED) return false;
  // A write to a page that can be read: what reads on sees what was there.
  if (fault->access == 1 && fault->reason == kNoAccess) {
    Fault unreadable;
    if (guarded_copy(cover, at(address), region->page, &unreadable) == region->page) fault->reason = kReadOnly;
  }
  uintptr_t place = prepare_aside_locked(region) ? place_locked(region, page) : 0;
  if (place != 0 && move_page(address, place, region->page) != Moved::kNo) {
    if (mremap(cover, region->page, region->page, MREMAP_MAYMOVE | MREMAP_FIXED, at(address)) != MAP_FAILED) {
      region->covered[page / 64] |= uint64_t{1} << (page % 64);
      region->covered_pages++;
      return true;
    }
    move_page(place, address, region->page);
  }
  munmap(cover, region->page);
  return false;
}

void uncover_locked(Region* region, size_t page) {
  uintptr_t kept = place_locked(region, page);
  Moved moved = move_page(kept, region->start + page * region->page, region->page);
  if (region->places != nullptr) {
    if (moved == Moved::kKept) munmap(at(kept), region->page);
    region->places[page] = 0;
  } else if (moved == Moved::kHole &&
      mmap(at(kept), region->page, PROT_NONE, kNothing | MAP_FIXED_NOREPLACE, -1, 0) != at(kept)) {
    region->aside_shared_with_stranger = true;
  }
  restore_userfaultfd_range(region->start + page * region->page, region->page);
  region->covered[page / 64] &= ~(uint64_t{1} << (page % 64));
  if (--region->covered_pages == 0) drop_aside_locked(region);
}

void uncover_all_locked(Region* region) {
  size_t words = bitmap_bytes(region) / 8;
  for (size_t word = 0; word < words && region->covered_pages > 0; word++)
    while (region->covered_pages > 0 && region->covered[word] != 0)
      uncover_locked(region, word * 64 + static_cast<size_t>(__builtin_ctzll(region->covered[word])));
}

void settle_locked(Region* region) {
  if (!region->unsettled) return;
  region->unsettled = false;
  region->owner->mailbox.unsettled.fetch_sub(1);
}

void tell_owner_locked(Region* region, const Fault& fault) {
  ThreadState* owner = region->owner;
  if (owner->event_count == ThreadState::kEvents) return;  // each region's count and first fault stand all the same
  owner->events[(owner->first_event + owner->event_count++) % ThreadState::kEvents] = {region->hole ? 0 : region->handle, fault};
  int bell = owner->bell.load();
  if (bell >= 0 && write(bell, "", 1) < 0) {
    // A full pipe wakes the loop as well.
  }
}

void record_locked(Region* region, const Fault& fault) {
  region->faults++;
  ThreadState* here = current_thread_state;
  if (here != nullptr && here->mailbox.scope_depth.load() > 0) {
    int32_t length = here->mailbox.log_length.load();
    if (length < kLogCapacity) {
      here->log[length] = fault;
      here->mailbox.log_length.store(length + 1);
      return;
    }
  }
  if (!region->hole && !region->unsettled) {
    region->unsettled = true;
    region->first = fault;
    region->owner->mailbox.unsettled.fetch_add(1);
  }
  tell_owner_locked(region, fault);
}

// ---- roots and leases -------------------------------------------------------------------------------------------------------

AddressRoot* root_of(AddressRoot* root) {
  while (root->joined_to != nullptr) root = root->joined_to;
  return root;
}

void unreference(AddressRoot* root) {
  while (root != nullptr && --root->references == 0) {
    AddressRoot* next = root->joined_to;
    delete root;
    root = next;
  }
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

// Both address ranges are reachable as long as either is.
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

// ---- slots ----------------------------------------------------------------------------------------------------------------

void give_slot(ThreadState* state, Region* region) {
  uint32_t slot;
  if (state->free_slots.empty()) {
    slot = static_cast<uint32_t>(state->slots.size());
    state->slots.push_back(nullptr);
    state->generations.push_back(0);
  } else {
    slot = state->free_slots.back();
    state->free_slots.pop_back();
  }
  state->slots[slot] = region;
  region->handle = static_cast<double>(++state->generations[slot]) * kSlots + slot;
}

void take_slot(Region* region) {
  if (region->handle == 0) return;
  if (region->object != nullptr && region->owner->env != nullptr) napi_delete_reference(region->owner->env, region->object);
  region->object = nullptr;
  uint32_t slot = static_cast<uint32_t>(static_cast<uint64_t>(region->handle) % static_cast<uint64_t>(kSlots));
  region->owner->slots[slot] = nullptr;
  region->owner->free_slots.push_back(slot);
  region->handle = 0;
}

Region* new_region(ThreadState* state, uintptr_t start, uintptr_t end, size_t page) {
  Region* region = new Region;
  region->start = start;
  region->end = end;
  region->page = page;
  region->owner = state;
  give_slot(state, region);
  return region;
}

// Takes the region out of memory and out of the table. The caller has the layout lock. Answers 0, or a negative error number with the
// region as it was: a piece out of the midst of a VMA can't be given back at the limit of their number.
int give_back(Region* region) {
  {
    TableLock lock;
    if (munmap(at(region->start), region->length()) != 0) return -errno;
    table().erase(region->start);
    settle_locked(region);
    drop_aside_locked(region);
    forget_userfaultfd_range(region->start, region->length());
  }
  take_slot(region);
  leave_root(region);
  delete region;
  return 0;
}

// The root's members that nobody can reach are given back when this thread maps or unlocks next.
void defer(ThreadState* state, AddressRoot* root) {
  root->references++;
  state->deferred.push_back(root);
}

// Gives the memory back, and the addresses with it unless a buffer may reach them. Answers a negative error number.
int unmap_region(Region* region) {
  if (!leased(region)) return give_back(region);
  TableLock lock;
  if (mmap(at(region->start), region->length(), PROT_NONE, kNothing | MAP_FIXED, -1, 0) == MAP_FAILED) return -errno;
  forget_userfaultfd_range(region->start, region->length());
  settle_locked(region);
  drop_aside_locked(region);
  region->hole = true;
  take_slot(region);
  return 0;
}

void give_back_unreachable(AddressRoot* root) {
  Region* last = root->members == nullptr ? nullptr : root->members->previous_member;
  for (Region *region = root->members, *next; region != nullptr; region = next) {
    next = region == last ? nullptr : region->next_member;
    if ((region->hole || region->orphan) && give_back(region) != 0) defer(root->owner, root);
  }
}

void free_if_done(ThreadState* state) {
  if (!state->dead || state->leases > 0) return;
  forget_lent_buffers(state);
  delete state;
}

}  // namespace

// ---- what other files use ---------------------------------------------------------------------------------------------------

Region* region_of(ThreadState* state, double handle) {
  if (!(handle >= kSlots && handle < 9007199254740992.0)) return nullptr;
  size_t slot = static_cast<size_t>(static_cast<uint64_t>(handle) % static_cast<uint64_t>(kSlots));
  if (slot >= state->slots.size()) return nullptr;
  Region* region = state->slots[slot];
  return region != nullptr && region->handle == handle ? region : nullptr;
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
  AddressRoot* root = root_of(lease);
  root->references++;  // stays while we look at it
  if (--root->leases == 0) {
    LayoutWriter writer(&owner->holds);
    if (writer.error == 0) {
      give_back_unreachable(root);
    } else {
      defer(owner, root);
    }
  }
  unreference(lease);
  unreference(root);
  owner->leases--;
  free_if_done(owner);
}

void give_back_deferred(ThreadState* state) {
  if (state->deferred.empty() || state->holds.readers > 0) return;
  std::vector<AddressRoot*> waiting;
  waiting.swap(state->deferred);  // what fails again waits again
  for (AddressRoot* root : waiting) {
    AddressRoot* now = root_of(root);
    LayoutWriter writer(&state->holds);
    if (now->leases == 0) give_back_unreachable(now);
    unreference(root);
  }
}

void release_regions_of(ThreadState* state) {
  {
    TableLock lock;  // no handler rings meanwhile
    int bell = state->bell.exchange(-1);
    if (bell >= 0) close(bell);
  }
  layout_release_all(&state->holds);
  give_back_deferred(state);
  {
    LayoutWriter writer(&state->holds);
    for (size_t slot = 0; slot < state->slots.size(); slot++)
      if (state->slots[slot] != nullptr) unmap_region(state->slots[slot]);
  }
  state->dead = true;
  free_if_done(state);
}

void tell_read_only(Fault* fault) {
  if (fault->access == 1 && fault->reason == kNoAccess && guarded_touch(fault->address, false)) fault->reason = kReadOnly;
}

bool contain_fault(Fault fault) {
  TableLock lock;
  Region* region = find_locked(fault.address);
  if (region == nullptr) return false;
  size_t page = (fault.address - region->start) / region->page;
  if (region->hole) {
    fault.reason = kUnmapped;
    void* place = at(region->start + page * region->page);
    if (mmap(place, region->page, PROT_READ | PROT_WRITE, kNothing | MAP_FIXED, -1, 0) == MAP_FAILED) return false;
  } else {
    // Where another thread was here first, this one goes on with its cover, which is a fault of this one as well.
    bool covered = covered_locked(region, page);
    // The page has become what the access wants: try again.
    if (!covered && guarded_touch(fault.address, fault.access == 1)) return true;
    if (!covered && !cover_locked(region, page, &fault)) return false;
  }
  record_locked(region, fault);
  return true;
}

napi_value put_fault(Call& call, const Fault& fault) {
  ThreadState* state = thread_state_of(call.env());
  state->mailbox.results[0] = static_cast<double>(fault.address);
  state->mailbox.results[1] = fault.access;
  state->mailbox.results[2] = fault.reason;
  return call.result(-EFAULT);
}

// ---- what JavaScript calls ----------------------------------------------------------------------------------------------------

namespace {

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
    table().emplace(start, region);
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
  if (offset > call.region->length() || length > call.region->length() - offset) return call.result(-EINVAL);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  TableLock lock;
  uncover_all_locked(call.region);
  void* place = at(call.region->start + offset);
  if (mprotect(place, length, protection) == 0) return call.result(0);
  int error = errno;
  mprotect(place, length, previous);  // what changed before the area that refused changes back
  return call.result(-error);
}

napi_value replace_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  size_t offset = call.size(1);
  size_t length = call.size(2);
  if (call.wrong()) return nullptr;
  if (call.region == nullptr) return call.result(kGone);
  if (offset > call.region->length() || length > call.region->length() - offset) return call.result(-EINVAL);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  TableLock lock;
  uncover_all_locked(call.region);
  void* place = at(call.region->start + offset);
  int flags = kNothing | MAP_FIXED | huge_flags(call.region->page);
  if (mmap(place, length, PROT_NONE, flags, -1, 0) == MAP_FAILED) return call.result(-errno);
  forget_userfaultfd_range(call.region->start + offset, length);
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
  table().emplace(rest->start, rest);
  return call.result(rest->handle);
}

napi_value absorb_region(napi_env env, napi_callback_info info) {
  RegionCall call(env, info);
  Region* next = region_of(call.state, call.number(1));
  if (call.wrong()) return nullptr;
  Region* region = call.region;
  if (region == nullptr || next == nullptr) return call.result(kGone);
  if (region->end != next->start || region->page != next->page) return call.result(-EINVAL);
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
    table().erase(next->start);
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
  TableLock lock;
  uncover_all_locked(region);
  drop_aside_locked(region);
  void* place = keep ? resize_leased(region, length) : mremap(at(region->start), region->length(), length, MREMAP_MAYMOVE);
  if (place == MAP_FAILED) return call.result(-errno);
  uintptr_t start = reinterpret_cast<uintptr_t>(place);
  uintptr_t hole_start = start == region->start ? region->start + length : region->start;
  uintptr_t hole_end = region->end;
  table().erase(region->start);
  region->start = start;
  region->end = start + length;
  table().emplace(start, region);
  if (keep && hole_start < hole_end) {
    Region* hole = new Region;
    hole->start = hole_start;
    hole->end = hole_end;
    hole->page = region->page;
    hole->owner = region->owner;
    hole->hole = true;
    join_root(hole, root_of(region->root));
    table().emplace(hole->start, hole);
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
  if (offset > call.region->length() || length > call.region->length() - offset) return call.result(-EINVAL);
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
  if (offset > region->length() || length > region->length() - offset) return call.result(-EINVAL);
  if (region->unsettled) {
    TableLock lock;
    if (region->unsettled) return put_fault(call, region->first);
  }
  void* memory = at(region->start + offset);
  if (access_waits_for_itself(call.state, region->start + offset, length, kWrite)) return call.result(-EDEADLK);
  Fault fault;
  size_t done = kWrite ? guarded_copy(memory, bytes, length, &fault) : guarded_copy(bytes, memory, length, &fault);
  if (done == length) return nullptr;
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
  return call.result(0);
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
    {"regionFaults", region_faults},
    {"regionFault", region_fault},
    {"restoreRegion", restore_region},
    {"leaveScope", leave_scope},
    {"takeFault", take_fault},
    {"setBell", set_bell},
    {"installGuard", install_guard},
};
const size_t kRegionFunctionCount = sizeof kRegionFunctions / sizeof *kRegionFunctions;

}  // namespace vmarea

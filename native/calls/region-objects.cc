// The objects of JavaScript for a region: its own, and buffers over its memory.
#include "lifetime/address-root.h"
#include "addon/function-tables.h"
#include "addon/layout-lock.h"
#include "lifetime/lent-buffers.h"
#include "lifetime/shared-buffers.h"
#include "region/region-call.h"

namespace vmarea {
namespace {

// The region's object was collected: frees the memory now, or with the last buffer.
void object_collected(napi_env env, void* data, void*) {
  Region* region = static_cast<Region*>(data);
  napi_delete_reference(env, region->object);
  region->object = nullptr;
  collect(region);
}

// Links a region and its object in JavaScript: each finds the other, and the memory is freed when the object is collected.
int own_region(Region* region, napi_value object) {
  napi_status status = napi_add_finalizer(region->owner->env, object, region, object_collected, nullptr, &region->object);
  return status == napi_ok ? 0 : -ENOMEM;
}

napi_value object_of(napi_env env, Region* region) {
  napi_value object = nullptr;
  if (region != nullptr && !region->hole && region->object != nullptr) napi_get_reference_value(env, region->object, &object);
  if (object == nullptr) napi_get_undefined(env, &object);
  return object;
}

// The object of the region with this handle; undefined for a stale handle.
napi_value find_region(ThreadState* state, RegionIfAny handle) { return object_of(state->env, handle.region); }

// The region of this thread that contains the address, or nullptr. It may be a hole.
Region* own_region_at(ThreadState* state, uintptr_t address) {
  TableLock lock;
  Region* region = find_locked(address);
  return region != nullptr && region->owner == state ? region : nullptr;
}

napi_value find_region_at(ThreadState* state, uint64_t address) { return object_of(state->env, own_region_at(state, address)); }

void release_lease_of_buffer(napi_env, void*, void* hint) { release_lease(static_cast<AddressRoot*>(hint)); }

using Lend = napi_status(napi_env, ThreadState*, void* data, size_t length, AddressRoot* lease, napi_value* buffer);

// An ArrayBuffer or a SharedArrayBuffer over the part, or a negative error number where the engine refuses it.
template <Lend kLend>
napi_value view_region(Call* call, RegionPart part) {
  napi_env env = call->env();
  // The engine takes a null pointer for no memory, and ends the process where it comes with a length.
  if (part.start == 0 && part.length > 0) return call->result(-EADDRNOTAVAIL);
  AddressRoot* lease = lease_region(part.region);
  napi_value buffer = nullptr;
  napi_status status = kLend(env, call->state(), at(part.start), part.length, lease, &buffer);
  if (status == napi_ok) return buffer;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) {
    napi_value exception;
    napi_get_and_clear_last_exception(env, &exception);
  }
  release_lease(lease);
  return call->result(status == napi_no_external_buffers_allowed ? -ENOTSUP : -ENOMEM);
}

// Detaches a buffer over the region. The buffer's object keeps the addresses taken until it is collected: a system call in flight on
// another thread may still have the bare pointer, and holds the object while it runs. A buffer of an unmapped region keeps the region's own
// object alive, which has a lease, and saves a finalizer.
int detach_view(ThreadState* state, RegionIfAny handle, napi_value buffer) {
  napi_env env = state->env;
  bool detached = false;
  napi_is_detached_arraybuffer(env, buffer, &detached);
  if (detached) return 0;
  if (handle.region != nullptr) {
    AddressRoot* lease = lease_region(handle.region);
    if (napi_add_finalizer(env, buffer, nullptr, release_lease_of_buffer, lease, nullptr) != napi_ok) release_lease(lease);
  }
  take_buffer_back(env, state, buffer);
  return napi_detach_arraybuffer(env, buffer) == napi_ok ? 0 : -EINVAL;
}

// The number of ranges that only buffers or calls in flight keep.
int64_t count_unreachable() {
  TableLock lock;
  int64_t count = 0;
  for (auto& [start, region] : table_locked()) count += region->hole || region->orphan;
  return count;
}

int holds_range(uint64_t address, size_t length) {
  TableLock lock;
  uintptr_t at = address, end = address + length;
  while (at < end) {
    const Region* region = find_locked(at);
    if (region == nullptr) return 0;
    at = region->end;
  }
  return 1;
}

constexpr Function kFunctions[] = {
    {"holdsRange", callback<holds_range>},
    {"countUnreachable", callback<count_unreachable>},
    {"ownRegion", callback<own_region>},
    {"findRegion", callback<find_region>},
    {"findRegionAt", callback<find_region_at>},
    {"viewRegion", callback<view_region<lend_buffer>>},
    {"shareRegion", callback<view_region<share_buffer>>},
    {"detachView", callback<detach_view>},
};

}  // namespace

const FunctionTable kRegionObjects(kFunctions);

}  // namespace vmarea

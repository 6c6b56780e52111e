#include "lifetime/lent-buffers.h"

#include <unordered_map>

#include "lifetime/address-root.h"
#include "region/region-table.h"

namespace vmarea {

struct LentBuffer {
  ThreadState* state;
  AddressRoot* lease;
  void* data;
  napi_ref object = nullptr;  // weak
  bool taken_back = false;
  bool taken_away = false;
};

// By address: several buffers may begin at one.
struct LentBuffers {
  std::unordered_multimap<void*, LentBuffer*> by_address;
  struct Sentinel* sentinel = nullptr;
};

struct Sentinel {
  ThreadState* state;
  napi_ref object = nullptr;
  bool newest = true;
};

namespace {

void let_go(napi_env, void*, void* hint) { release_lease(static_cast<AddressRoot*>(hint)); }

void forget(LentBuffer* lent) {
  auto [next, end] = lent->state->lent->by_address.equal_range(lent->data);
  while (next != end && next->second != lent) ++next;
  if (next != end) lent->state->lent->by_address.erase(next);
}

void let_go_in_worker(napi_env env, void*, void* hint) {
  LentBuffer* lent = static_cast<LentBuffer*>(hint);
  AddressRoot* lease = lent->taken_away ? nullptr : lent->lease;
  forget(lent);
  napi_delete_reference(env, lent->object);
  delete lent;
  if (lease != nullptr) release_lease(lease);
}

// Whether the buffer still has its memory. A buffer that was collected without its memory being freed may have lost it.
bool has_its_memory(napi_env env, LentBuffer* lent) {
  napi_value buffer = nullptr;
  bool detached = true;
  if (napi_get_reference_value(env, lent->object, &buffer) != napi_ok || buffer == nullptr) return false;
  return napi_is_detached_arraybuffer(env, buffer, &detached) == napi_ok && !detached;
}

// When a thread ends, Node detaches and frees its external buffers, the newest first, before any hook of ours. So the newest is a buffer
// without a user: when it is freed, the others still show which of them have lost their memory.
void sentinel_goes(napi_env env, void*, void* hint) {
  Sentinel* sentinel = static_cast<Sentinel*>(hint);
  if (sentinel->newest)
    for (auto& [address, lent] : sentinel->state->lent->by_address) lent->taken_away = !lent->taken_back && !has_its_memory(env, lent);
  delete sentinel;
}

void place_sentinel(napi_env env, ThreadState* state) {
  static char nothing;
  if (Sentinel* old = state->lent->sentinel) {
    old->newest = false;
    napi_delete_reference(env, old->object);
  }
  Sentinel* sentinel = new Sentinel{state};
  napi_value buffer;
  state->lent->sentinel = nullptr;
  if (napi_create_external_arraybuffer(env, &nothing, 1, sentinel_goes, sentinel, &buffer) != napi_ok) {
    delete sentinel;
    return;
  }
  napi_create_reference(env, buffer, 1, &sentinel->object);
  state->lent->sentinel = sentinel;
}

}  // namespace

void forget_lent_buffers(ThreadState* state) {
  delete state->lent;
  state->lent = nullptr;
}

napi_status lend_buffer(napi_env env, ThreadState* state, void* data, size_t length, AddressRoot* lease, napi_value* buffer) {
  // When the main thread ends, the process ends.
  if (!state->worker) return napi_create_external_arraybuffer(env, data, length, let_go, lease, buffer);
  LentBuffer* lent = new LentBuffer{state, lease, data};
  napi_status status = napi_create_external_arraybuffer(env, data, length, let_go_in_worker, lent, buffer);
  if (status != napi_ok) {
    delete lent;
    return status;
  }
  napi_create_reference(env, *buffer, 0, &lent->object);
  if (state->lent == nullptr) state->lent = new LentBuffers;
  state->lent->by_address.emplace(data, lent);
  place_sentinel(env, state);
  return napi_ok;
}

void take_buffer_back(napi_env env, ThreadState* state, napi_value buffer) {
  if (state->lent == nullptr) return;
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_arraybuffer_info(env, buffer, &data, &length) != napi_ok) return;
  auto [next, end] = state->lent->by_address.equal_range(data);
  for (; next != end; ++next) {
    napi_value one = nullptr;
    bool same = false;
    napi_get_reference_value(env, next->second->object, &one);
    if (one != nullptr) napi_strict_equals(env, one, buffer, &same);
    if (same) next->second->taken_back = true;
  }
}

}  // namespace vmarea

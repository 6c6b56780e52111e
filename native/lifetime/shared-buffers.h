// SharedArrayBuffers over a region's memory.
//
// Such a buffer can't be detached, and may outlive its mapping, and the thread that made it, in another thread. It has a lease, so that
// its addresses stay with the region, or a hole, until the engine frees its memory, on any thread and also during a collection. The lease
// belongs to the region's thread, whose bell is rung to release it; when that thread has ended, the last user's thread releases it.
#pragma once

#include <node_api.h>

#include <cstddef>

#include "addon/thread-state.h"

namespace vmarea {

struct AddressRoot;

// Makes a SharedArrayBuffer that holds the lease. Fails with napi_no_external_buffers_allowed where this Node has no function for it. On
// failure the caller keeps the lease.
napi_status share_buffer(napi_env env, ThreadState* state, void* data, size_t length, AddressRoot* lease, napi_value* buffer);

// Releases the leases of this thread's freed buffers. Never waits.
void release_gone_shared_buffers(ThreadState* state);

// The thread has ended; its state may be freed already.
void end_shared_buffers(struct SharedBuffers* buffers);

}  // namespace vmarea

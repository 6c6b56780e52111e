// SharedArrayBuffers over a region's memory.
//
// Such a buffer can't be detached, and may live on in another thread when its mapping, or the thread that made it, has gone. It has a lease,
// so that its addresses stay the region's, or a hole, until the engine lets go of its memory: on any thread, also in the midst of a collection.
// The lease belongs to the region's thread, which is rung to release it; when that one has ended, the last user's thread does.
#pragma once

#include <node_api.h>

#include <cstddef>

#include "addon/thread-state.h"

namespace vmarea {

struct AddressRoot;

// Makes a SharedArrayBuffer that holds the lease. Fails with napi_no_external_buffers_allowed where this Node has no function for it. Where
// it fails the lease stays the caller's.
napi_status share_buffer(napi_env env, ThreadState* state, void* data, size_t length, AddressRoot* lease, napi_value* buffer);

// Releases the leases of this thread's buffers that have gone. Waits for nothing.
void release_gone_shared_buffers(ThreadState* state);

// The thread is gone. Its state may be too.
void end_shared_buffers(struct SharedBuffers* buffers);

}  // namespace vmarea

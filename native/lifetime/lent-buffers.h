// The buffers that were handed out over a region's memory, and their leases when their thread ends.
//
// A buffer whose memory was transferred away (ArrayBuffer.prototype.transfer, then postMessage) may live on in another thread when
// the Worker that mapped it ends. Node frees all external buffers of a thread that ends, in whichever thread they are now; so the lease
// of such a buffer is never released: its addresses stay an inaccessible hole, where the accesses of the other thread are contained
// faults.
#pragma once

#include <node_api.h>

#include <cstddef>

#include "addon/thread-state.h"

namespace vmarea {

struct AddressRoot;

// Makes an ArrayBuffer that releases the lease when the engine frees its memory. On failure the caller keeps the lease.
napi_status lend_buffer(napi_env env, ThreadState* state, void* data, size_t length, AddressRoot* lease, napi_value* buffer);

// Called before the library detaches this buffer itself.
void take_buffer_back(napi_env env, ThreadState* state, napi_value buffer);

// The thread has ended: forgets its buffers.
void forget_lent_buffers(ThreadState* state);

}  // namespace vmarea

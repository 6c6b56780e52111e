// The buffers that were handed out over a region's memory, and what becomes of their leases when their thread ends.
//
// A buffer whose memory was transferred away (ArrayBuffer.prototype.transfer, then postMessage) may live on in another thread when
// the Worker that mapped it ends. Node lets go of all external buffers of a thread that ends, whoever has them now; so a lease of such
// a buffer is never released: its addresses stay an inaccessible hole, and the other thread finds contained faults there.
#pragma once

#include <node_api.h>

#include <cstddef>

#include "addon/thread-state.h"

namespace vmarea {

struct AddressRoot;

// Makes an ArrayBuffer that releases the lease when its memory is let go of. Where that fails the lease stays the caller's.
napi_status lend_buffer(napi_env env, ThreadState* state, void* data, size_t length, AddressRoot* lease, napi_value* buffer);

// The library is about to detach this buffer itself.
void take_buffer_back(napi_env env, ThreadState* state, napi_value buffer);

// The thread is gone, and all its leases.
void forget_lent_buffers(ThreadState* state);

}  // namespace vmarea

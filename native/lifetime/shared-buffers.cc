#include "lifetime/shared-buffers.h"

#include <dlfcn.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "guard/noted-faults.h"
#include "lifetime/address-root.h"
#include "page/table-lock.h"

namespace vmarea {

// The shared buffers of one thread. `mutex` guards all but `any_gone`.
struct SharedBuffers {
  explicit SharedBuffers(ThreadState* of) : state(of) {}
  ThreadState* const state;
  std::vector<AddressRoot*> gone;  // the leases of freed buffers, which the thread has to release
  std::atomic<bool> any_gone{false};
  size_t lent = 0;
  bool ended = false;  // the thread
};

namespace {

struct SharedBuffer {
  SharedBuffers* buffers;
  AddressRoot* lease;
};

// Never destroyed: the engine frees buffers until the process ends.
std::mutex& mutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}
using Lock = std::lock_guard<std::mutex>;

using Finalize = void (*)(void* data, void* hint);
using CreateExternal = napi_status (*)(napi_env, void*, size_t, Finalize, void*, napi_value*);

// Node 20 lacks the function: it is looked up at run time, not linked.
CreateExternal create_external() {
  static const auto function = reinterpret_cast<CreateExternal>(dlsym(RTLD_DEFAULT, "node_api_create_external_sharedarraybuffer"));
  return function;
}

// On any thread.
void buffer_goes(void*, void* hint) {
  SharedBuffer* buffer = static_cast<SharedBuffer*>(hint);
  SharedBuffers* buffers = buffer->buffers;
  AddressRoot* lease = buffer->lease;
  delete buffer;
  bool last;
  {
    Lock lock(mutex());
    buffers->lent--;
    if (!buffers->ended) {
      buffers->gone.push_back(lease);
      buffers->any_gone = true;
      TableLock table;
      ring_bell_locked(buffers->state);
      return;
    }
    last = buffers->lent == 0;
  }
  release_lease(lease);
  if (last) delete buffers;
}

}  // namespace

napi_status share_buffer(napi_env env, ThreadState* state, void* data, size_t length, AddressRoot* lease, napi_value* result) {
  if (create_external() == nullptr) return napi_no_external_buffers_allowed;
  if (state->shared_buffers == nullptr) state->shared_buffers = new SharedBuffers(state);
  SharedBuffers* buffers = state->shared_buffers;
  SharedBuffer* buffer = new SharedBuffer{buffers, lease};
  {
    Lock lock(mutex());
    buffers->lent++;
  }
  napi_status status = create_external()(env, data, length, buffer_goes, buffer, result);
  if (status == napi_ok) return status;
  Lock lock(mutex());
  buffers->lent--;
  delete buffer;
  return status;
}

void release_gone_shared_buffers(ThreadState* state) {
  SharedBuffers* buffers = state->shared_buffers;
  if (buffers == nullptr || !buffers->any_gone) return;
  std::vector<AddressRoot*> gone;
  {
    Lock lock(mutex());
    gone.swap(buffers->gone);
    buffers->any_gone = false;
  }
  for (AddressRoot* lease : gone) release_lease(lease);
}

void end_shared_buffers(SharedBuffers* buffers) {
  if (buffers == nullptr) return;
  std::vector<AddressRoot*> gone;
  bool last;
  {
    Lock lock(mutex());
    gone.swap(buffers->gone);
    buffers->ended = true;
    last = buffers->lent == 0;
  }
  for (AddressRoot* lease : gone) release_lease(lease);
  if (last) delete buffers;
}

}  // namespace vmarea

// The addon's door: one flat object of functions for each JavaScript thread that loads it.
#include <node_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include "async.h"
#include "call.h"
#include "guard-source.h"
#include "proc-text.h"
#include "process-memory.h"
#include "address-root.h"
#include "region-functions.h"
#include "sockets.h"
#include "system-calls.h"
#include "thread-state.h"
#include "userfaultfd.h"
#include "watch.h"

namespace vmarea {

__thread ThreadState* current_thread_state = nullptr;

ThreadState* thread_state_of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<ThreadState*>(data);
}

namespace {

void thread_ends(void* data) {
  ThreadState* state = static_cast<ThreadState*>(data);
  current_thread_state = nullptr;
  Fault* log = state->log;
  AsyncCalls* calls = state->async_calls;
  // First the memory: what is gone needs no poison, which would take long for much.
  unmap_regions_of(state);
  release_userfaultfds_of(state);
  release_guard_sources_of(state);
  let_go_of_state(state);
  end_async_calls(calls);
  munmap(log, kLogCapacity * sizeof(Fault));
}

ThreadState* new_thread_state() {
  void* log = mmap(nullptr, kLogCapacity * sizeof(Fault), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (log == MAP_FAILED) return nullptr;
  ThreadState* state = new ThreadState;
  state->log = static_cast<Fault*>(log);
  return state;
}

napi_value layout_read_lock_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.result(layout_read_lock(&thread_state_of(env)->holds));
}

napi_value layout_try_read_lock_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.result(layout_try_read_lock(&thread_state_of(env)->holds));
}

napi_value layout_read_unlock_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  ThreadState* state = thread_state_of(env);
  layout_read_unlock(&state->holds);
  give_back_deferred(state);
  return call.result(0);
}

const Function kLockFunctions[] = {
    {"layoutReadLock", layout_read_lock_call},
    {"layoutTryReadLock", layout_try_read_lock_call},
    {"layoutReadUnlock", layout_read_unlock_call},
};

void add(napi_env env, napi_value exports, const Function* functions, size_t count) {
  for (size_t index = 0; index < count; index++) {
    napi_value function;
    napi_create_function(env, functions[index].name, NAPI_AUTO_LENGTH, functions[index].call, thread_state_of(env), &function);
    napi_set_named_property(env, exports, functions[index].name, function);
  }
}

napi_value init(napi_env env, napi_value exports) {
  ThreadState* state = new_thread_state();
  if (state == nullptr) {
    napi_throw_error(env, "ENOMEM", "vmarea: no memory to load the addon");
    return nullptr;
  }
  napi_set_instance_data(env, state, nullptr, nullptr);
  napi_add_env_cleanup_hook(env, thread_ends, state);
  state->env = env;
  state->worker = gettid() != getpid();
  current_thread_state = state;

  add(env, exports, kSystemCallFunctions, kSystemCallFunctionCount);
  add(env, exports, kRegionFunctions, kRegionFunctionCount);
  add(env, exports, kAsyncFunctions, kAsyncFunctionCount);
  add(env, exports, kProcessMemoryFunctions, kProcessMemoryFunctionCount);
  add(env, exports, kProcTextFunctions, kProcTextFunctionCount);
  add(env, exports, kUserfaultfdFunctions, kUserfaultfdFunctionCount);
  add(env, exports, kGuardSourceFunctions, kGuardSourceFunctionCount);
  add(env, exports, kWatchFunctions, kWatchFunctionCount);
  add(env, exports, kSocketFunctions, kSocketFunctionCount);
  add(env, exports, kLockFunctions, sizeof kLockFunctions / sizeof *kLockFunctions);

  napi_value mailbox;
  napi_create_external_arraybuffer(env, &state->mailbox, sizeof state->mailbox, nullptr, nullptr, &mailbox);
  napi_set_named_property(env, exports, "mailbox", mailbox);
  napi_value page_size;
  napi_create_double(env, static_cast<double>(sysconf(_SC_PAGESIZE)), &page_size);
  napi_set_named_property(env, exports, "pageSize", page_size);
  napi_value version;
  napi_create_string_utf8(env, VMAREA_VERSION, NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "version", version);
  return exports;
}

}  // namespace
}  // namespace vmarea

NAPI_MODULE_INIT() { return vmarea::init(env, exports); }

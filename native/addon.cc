// The addon's door: one flat object of functions for each JavaScript thread that loads it.
#include <node_api.h>
#include <unistd.h>

#include "lifetime/address-root.h"
#include "lifetime/shared-buffers.h"
#include "calls/async.h"
#include "addon/function-tables.h"
#include "noted/futex-waits.h"
#include "noted/guard-source.h"
#include "guard/noted-faults.h"
#include "page/page-size.h"
#include "userfaultfd/ending-threads.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {

__thread ThreadState* current_thread_state = nullptr;

bool is_ending(const ThreadState* state) {
  if (state->ending) return true;
  if (state->env == nullptr) return false;
  // Refused where the environment may run no more JavaScript, before it looks at the arguments, of which none is good.
  napi_status status = napi_coerce_to_bool(state->env, nullptr, nullptr);
  return status != napi_invalid_arg;
}

namespace {

const FunctionTable* const kTables[] = {
    &kSystemCalls,    &kDescriptorCalls, &kProcessMemory,      &kProcText,
    &kRegionObjects,  &kRegionLayout,    &kRegionResize,       &kRegionFaults,
    &kRegionFlags,    &kAsyncCalls,      &kUserfaultfdOpening, &kUserfaultfdRegistration,
    &kUserfaultfdOwnAreas, &kUserfaultfdResolving, &kUserfaultfdReading, &kGuardSources,
    &kWatches, &kSockets, &kGuests, &kGuestSources, &kGuestKeepers, &kGuestDirty, &kPageContents, &kPlay,
    &kFutexCalls, &kAllocateFile, &kWritePieces,
};

void thread_ends(void* data) {
  ThreadState* state = static_cast<ThreadState*>(data);
  current_thread_state = nullptr;
  state->ending = true;
  uffd::forget_ending_thread();
  AsyncCalls* calls = state->async_calls;
  SharedBuffers* shared_buffers = state->shared_buffers;
  end_noted_faults(state);
  // First the memory: what is gone needs no poison, which would take long for much.
  unmap_regions_of(state);
  end_futex_waits_of(state);
  release_userfaultfds_of(state);
  release_guard_sources_of(state);
  let_go_of_state(state);
  end_async_calls(calls);
  end_shared_buffers(shared_buffers);
}

void add(napi_env env, napi_value exports, ThreadState* state, const FunctionTable& table) {
  for (size_t index = 0; index < table.count; index++) {
    napi_value function;
    napi_create_function(env, table.first[index].name, NAPI_AUTO_LENGTH, table.first[index].call, state, &function);
    napi_set_named_property(env, exports, table.first[index].name, function);
  }
}

napi_value init(napi_env env, napi_value exports) {
  ThreadState* state = new ThreadState;
  if (!begin_noted_faults(state)) {
    delete state;
    napi_throw_error(env, "ENOMEM", "vmarea: no memory to load the addon");
    return nullptr;
  }
  napi_add_env_cleanup_hook(env, thread_ends, state);
  state->env = env;
  state->worker = gettid() != getpid();
  current_thread_state = state;

  for (const FunctionTable* table : kTables) add(env, exports, state, *table);

  napi_value shared_results;
  napi_create_external_arraybuffer(env, &state->shared_results, sizeof state->shared_results, nullptr, nullptr, &shared_results);
  napi_set_named_property(env, exports, "sharedResults", shared_results);
  napi_value page;
  napi_create_double(env, static_cast<double>(page_size()), &page);
  napi_set_named_property(env, exports, "pageSize", page);
  napi_value version;
  napi_create_string_utf8(env, VMAREA_VERSION, NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "version", version);
  return exports;
}

}  // namespace
}  // namespace vmarea

NAPI_MODULE_INIT() { return vmarea::init(env, exports); }

// Calls on a region that may wait, for a disk, for the server of its pages, or for a word of it: they run on a thread of our own and settle a
// promise.
//
// The addresses are leased meanwhile, so that no other memory can be mapped there; the result says whether the region was still mapped at
// the end. An environment that ends waits for none of them: its regions become holes, which ends a copy, and the thread that ran it
// cleans up.
#include "calls/async.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mutex>

#include "lifetime/address-root.h"
#include "addon/function-tables.h"
#include "addon/futex.h"
#include "noted/futex-waits.h"
#include "page/guarded-copy.h"
#include "region/region-call.h"
#include "calls/region-work.h"
#include "addon/waiting-pool.h"

namespace vmarea {
namespace {

struct Work : Job, RegionWork {
  AsyncCalls* calls;
  napi_deferred deferred = nullptr;
  napi_ref array = nullptr;  // the target of a read; `bytes` are our own, because those of a typed array could be transferred meanwhile
  double handle;
  uintptr_t start;  // of the region
  AddressRoot* lease;
  FutexWait* wait = nullptr;  // what a wait for a word sleeps on
  double key = 0;             // its own
};

}  // namespace

// The calls of one environment. `mutex` guards all but `state` and `pending`, which belong to its thread.
struct AsyncCalls {
  ThreadState* state;
  napi_threadsafe_function bell = nullptr;  // nullptr once the environment is closing
  size_t pending = 0;                       // promises; the event loop stays alive while there are any
  Job* done = nullptr;                      // the latest first
  size_t under_way = 0;
  bool ended = false;  // the environment is gone
};

namespace {

// Never destroyed: threads of our own use it until the process ends.
std::mutex& mutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}
using Lock = std::lock_guard<std::mutex>;

// Copies the bytes that were read to their target array. False where that one was transferred.
bool hand_over(napi_env env, Work* work) {
  napi_value array;
  void* data = nullptr;
  size_t length = 0;
  napi_get_reference_value(env, work->array, &array);
  napi_get_typedarray_info(env, array, nullptr, &length, &data, nullptr, nullptr);
  if (length < work->done) return false;
  memcpy(data, work->bytes, work->done);
  return true;
}

// Frees a job whose environment has ended.
void drop(Work* work) {
  free(work->bytes);
  delete work->wait;
  release_lease(work->lease);
  delete work;
}

// Resolves with [code, address, access, reason]: code 0, a negative error number, -EFAULT with a fault, -ENXIO for a region that was
// unmapped.
void answer(napi_env env, Work* work) {
  Region* region = region_of(work->calls->state, work->handle);
  // A region that moved meanwhile was not at the address of the work. The move has ended a wait for a word.
  bool stands = work->wait != nullptr || (region != nullptr && region->start == work->start);
  if (work->kind == WorkKind::kRead && stands && !hand_over(env, work)) work->error = -EINVAL;
  double fields[4] = {
      static_cast<double>(!stands ? -ENXIO : work->error),
      static_cast<double>(work->fault.address),
      static_cast<double>(work->fault.access),
      static_cast<double>(work->fault.reason),
  };
  napi_value array;
  napi_create_array_with_length(env, 4, &array);
  for (uint32_t index = 0; index < 4; index++) {
    napi_value field;
    napi_create_double(env, fields[index], &field);
    napi_set_element(env, array, index, field);
  }
  napi_resolve_deferred(env, work->deferred, array);
  if (work->array != nullptr) napi_delete_reference(env, work->array);
  drop(work);
}

// On a thread of the pool.
void run(Job* job) {
  Work* work = static_cast<Work*>(job);
  AsyncCalls* calls = work->calls;
  if (work->wait != nullptr) work->error = finish_futex_wait(work->key, work->wait);
  else do_region_work(work);
  {
    Lock lock(mutex());
    calls->under_way--;
    if (!calls->ended) {
      bool first = calls->done == nullptr;
      work->next = calls->done;
      calls->done = work;
      if (first && calls->bell != nullptr) napi_call_threadsafe_function(calls->bell, nullptr, napi_tsfn_nonblocking);
      return;
    }
    if (calls->under_way == 0) delete calls;
  }
  drop(work);
}

// Settles all finished jobs, in the order in which they finished.
Job* take_done_locked(AsyncCalls* calls) {
  Job* taken = nullptr;
  while (Job* job = calls->done) {
    calls->done = job->next;
    job->next = taken;
    taken = job;
  }
  return taken;
}

void answer_all(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // The environment is being taken down.
  AsyncCalls* calls = static_cast<AsyncCalls*>(context);
  Job* done;
  {
    Lock lock(mutex());
    done = take_done_locked(calls);
  }
  for (Job* next; done != nullptr; done = next) {
    next = done->next;
    if (--calls->pending == 0) napi_unref_threadsafe_function(env, calls->bell);
    answer(env, static_cast<Work*>(done));
  }
}

// Runs before Node releases the function.
void close_bell(void* data) {
  AsyncCalls* calls = static_cast<AsyncCalls*>(data);
  Lock lock(mutex());
  napi_release_threadsafe_function(calls->bell, napi_tsfn_abort);
  calls->bell = nullptr;
}

// The calls of this thread, made at the first one; nullptr where Node has no memory for them.
AsyncCalls* calls_of(napi_env env, ThreadState* state) {
  if (state->async_calls != nullptr) return state->async_calls;
  AsyncCalls* calls = new AsyncCalls{state};
  napi_value name;
  napi_create_string_utf8(env, "vmarea", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, calls, answer_all, &calls->bell) != napi_ok) {
    delete calls;
    return nullptr;
  }
  napi_unref_threadsafe_function(env, calls->bell);
  napi_add_env_cleanup_hook(env, close_bell, calls);  // runs before the function's own hook, which was added earlier
  return state->async_calls = calls;
}

napi_value start(Call* call, Region* region, Work* work, int (*begin)(Job*) = run_in_waiting_pool) {
  napi_env env = call->env();
  AsyncCalls* calls = calls_of(env, call->state());
  if (calls == nullptr) {
    if (work->array != nullptr) napi_delete_reference(env, work->array);
    free(work->bytes);
    delete work->wait;
    delete work;
    return call->result(-ENOMEM);
  }
  work->run = run;
  work->calls = calls;
  work->handle = region->handle;
  work->start = region->start;
  work->lease = lease_region(region);
  if (work->wait != nullptr) call->state()->shared_results.results[0] = work->key = begin_futex_wait(work->wait);
  napi_value promise;
  napi_create_promise(env, &work->deferred, &promise);
  {
    Lock lock(mutex());
    calls->under_way++;
  }
  if (calls->pending++ == 0) napi_ref_threadsafe_function(env, calls->bell);
  int error = begin(work);
  if (error == 0) return promise;
  {
    Lock lock(mutex());
    calls->under_way--;
  }
  if (--calls->pending == 0) napi_unref_threadsafe_function(env, calls->bell);
  if (work->wait != nullptr) end_futex_wait(work->key, -error);
  work->error = work->wait != nullptr ? finish_futex_wait(work->key, work->wait) : error;
  answer(env, work);
  return promise;
}

template <WorkKind kKind>
napi_value on_part(Call* call, RegionPart part, int argument) {
  Work* work = new Work;
  work->kind = kKind;
  work->memory = part.start;
  work->length = part.length;
  work->argument = argument;
  return start(call, part.region, work);
}

template <WorkKind kKind>
napi_value copy(Call* call, RegionBytes part) {
  size_t length = part.bytes.length;
  uint8_t* bytes = static_cast<uint8_t*>(malloc(length > 0 ? length : 1));
  if (bytes == nullptr) return call->result(-ENOMEM);
  Fault fault{};
  if (kKind == WorkKind::kWrite && guarded_copy(bytes, part.bytes.data, length, &fault) < length) {
    free(bytes);
    return call->result(put_fault(call->state(), fault));
  }
  Work* work = new Work;
  work->kind = kKind;
  work->memory = part.start;
  work->length = length;
  work->bytes = bytes;
  if (kKind == WorkKind::kRead) napi_create_reference(call->env(), part.bytes.array, 1, &work->array);
  return start(call, part.region, work);
}

// Leaves the wait's key in results.
napi_value wait_for_word(Call* call, RegionWord word, double expected, double milliseconds) {
  Work* work = new Work;
  work->wait = new FutexWait{call->state(), word.address, static_cast<uint32_t>(static_cast<int64_t>(expected)), deadline_after(milliseconds)};
  return start(call, word.region, work, run_endless);
}

constexpr Function kFunctions[] = {
    {"msyncRegion", callback<on_part<WorkKind::kSync>>},
    {"madviseRegion", callback<on_part<WorkKind::kAdvise>>},
    {"readRegionAsync", callback<copy<WorkKind::kRead>>},
    {"writeRegionAsync", callback<copy<WorkKind::kWrite>>},
    {"waitRegionAsync", callback<wait_for_word>},
};

}  // namespace

void end_async_calls(AsyncCalls* calls) {
  if (calls == nullptr) return;
  Job* left;
  {
    Lock lock(mutex());
    left = take_done_locked(calls);
    calls->ended = true;
    if (calls->under_way == 0) delete calls;
  }
  for (Job* next; left != nullptr; left = next) {
    next = left->next;
    drop(static_cast<Work*>(left));
  }
}

const FunctionTable kAsyncCalls(kFunctions);

}  // namespace vmarea

// Calls on a region that may wait, for a disk or for whoever serves its pages: they run on a thread of our own and answer through a
// promise.
//
// The addresses are leased meanwhile, so that nobody else's memory can be there; whether the region still stood at the end is told.
// An environment that ends waits for none of them: its regions become holes, which ends a copy, and the thread that ran it cleans up.
#include "async.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mutex>

#include "guard.h"
#include "guarded-copy.h"
#include "held-calls.h"
#include "address-root.h"
#include "containment.h"
#include "region-functions.h"
#include "region-table.h"
#include "uncovered-copy.h"
#include "waiting-pool.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace vmarea {
namespace {

enum class Kind { kSync, kAdvise, kRead, kWrite };

struct Work : Job {
  AsyncCalls* calls;
  napi_deferred deferred = nullptr;
  napi_ref bytes_reference = nullptr;
  double handle;
  uintptr_t start;  // of the region
  AddressRoot* lease;
  Kind kind;
  uint8_t* memory;
  size_t length;
  int argument = 0;
  // Bytes of our own: a typed array's could be transferred away meanwhile.
  uint8_t* bytes = nullptr;
  size_t done = 0;
  int error = 0;
  Fault fault{};
};

}  // namespace

// The calls of one environment. Under `mutex`, save `state` and `pending`, which are its thread's.
struct AsyncCalls {
  ThreadState* state;
  napi_threadsafe_function bell = nullptr;  // none once the environment is closing
  size_t pending = 0;                       // promises; the event loop stays alive while there are any
  Job* done = nullptr;                      // the last first
  size_t under_way = 0;
  bool ended = false;  // the environment is gone
};

namespace {

// Never destroyed: threads of our own use it until the process is gone.
std::mutex& mutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}
using Lock = std::lock_guard<std::mutex>;

// A kernel before 5.14 knows no POPULATE: touch a byte a page.
int populate_by_touching(uint8_t* memory, size_t length, bool write) {
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (size_t offset = 0; offset < length; offset += page)
    if (!guarded_touch(reinterpret_cast<uintptr_t>(memory) + offset, write)) return -EFAULT;
  return 0;
}

int advise(Work* work) {
  int error = -held_madvise(reinterpret_cast<uintptr_t>(work->memory), work->length, work->argument);
  if (error == 0) return 0;
  bool populate = work->argument == MADV_POPULATE_READ || work->argument == MADV_POPULATE_WRITE;
  if (error != EINVAL || !populate || madvise(work->memory, 0, work->argument) == 0) return -error;
  return populate_by_touching(work->memory, work->length, work->argument == MADV_POPULATE_WRITE);
}

void execute(Work* work) {
  switch (work->kind) {
    case Kind::kSync:
      if (msync(work->memory, work->length, work->argument) != 0) work->error = -errno;
      return;
    case Kind::kAdvise:
      work->error = advise(work);
      return;
    case Kind::kRead:
      work->done = uncovered_copy(work->bytes, work->memory, work->length, reinterpret_cast<uintptr_t>(work->memory), &work->fault);
      break;
    case Kind::kWrite:
      work->done = uncovered_copy(work->memory, work->bytes, work->length, reinterpret_cast<uintptr_t>(work->memory), &work->fault);
      break;
  }
  if (work->done == work->length) return;
  tell_read_only(&work->fault);
  work->error = -EFAULT;
}

// Copies what was read to the array it was read for. False where that one has been transferred away.
bool hand_over(napi_env env, Work* work) {
  napi_value array;
  void* data = nullptr;
  size_t length = 0;
  napi_get_reference_value(env, work->bytes_reference, &array);
  napi_get_typedarray_info(env, array, nullptr, &length, &data, nullptr, nullptr);
  if (length < work->done) return false;
  memcpy(data, work->bytes, work->done);
  return true;
}

// What is left when nobody wants the answer any more.
void drop(Work* work) {
  free(work->bytes);
  release_lease(work->lease);
  delete work;
}

// Resolves with [code, address, access, reason]: code 0, a negative error number, -EFAULT with a fault, -ENXIO for a region that went.
void answer(napi_env env, Work* work) {
  Region* region = region_of(work->calls->state, work->handle);
  bool stands = region != nullptr && region->start == work->start;  // what moved meanwhile was not where the work looked
  if (work->kind == Kind::kRead && stands && !hand_over(env, work)) work->error = -EINVAL;
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
  if (work->bytes_reference != nullptr) napi_delete_reference(env, work->bytes_reference);
  drop(work);
}

// On a thread of the pool.
void run(Job* job) {
  Work* work = static_cast<Work*>(job);
  AsyncCalls* calls = work->calls;
  execute(work);
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

// All that are done, in the order in which they were.
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
  if (env == nullptr) return;  // The environment goes.
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

// Before Node takes the function away.
void close_bell(void* data) {
  AsyncCalls* calls = static_cast<AsyncCalls*>(data);
  Lock lock(mutex());
  napi_release_threadsafe_function(calls->bell, napi_tsfn_abort);
  calls->bell = nullptr;
}

// Those of the calling thread, from its first call on; nullptr where Node has no room for them.
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
  napi_add_env_cleanup_hook(env, close_bell, calls);  // runs before the function's own hook, which is older
  return state->async_calls = calls;
}

napi_value refuse(Call& call, Work* work, int error) {
  if (work->bytes_reference != nullptr) napi_delete_reference(call.env(), work->bytes_reference);
  free(work->bytes);
  delete work;
  return call.result(error);
}

napi_value start(Call& call, Region* region, size_t offset, Work* work) {
  napi_env env = call.env();
  AsyncCalls* calls = calls_of(env, thread_state_of(env));
  if (calls == nullptr) return refuse(call, work, -ENOMEM);
  work->run = run;
  work->calls = calls;
  work->handle = region->handle;
  work->start = region->start;
  work->memory = reinterpret_cast<uint8_t*>(region->start + offset);
  work->lease = lease_region(region);
  napi_value promise;
  napi_create_promise(env, &work->deferred, &promise);
  {
    Lock lock(mutex());
    calls->under_way++;
  }
  if (calls->pending++ == 0) napi_ref_threadsafe_function(env, calls->bell);
  int error = run_in_waiting_pool(work);
  if (error == 0) return promise;
  {
    Lock lock(mutex());
    calls->under_way--;
  }
  if (--calls->pending == 0) napi_unref_threadsafe_function(env, calls->bell);
  work->error = error;
  answer(env, work);
  return promise;
}

template <Kind kKind>
napi_value on_range(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Region* region = region_of(thread_state_of(env), call.number(0));
  size_t offset = call.size(1);
  size_t length = call.size(2);
  int argument = call.int32(3);
  if (call.wrong()) return nullptr;
  if (region == nullptr) return call.result(-ENXIO);
  if (!region->has(offset, length)) return call.result(-EINVAL);
  Work* work = new Work;
  work->kind = kKind;
  work->length = length;
  work->argument = argument;
  return start(call, region, offset, work);
}

template <Kind kKind>
napi_value copy(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Region* region = region_of(thread_state_of(env), call.number(0));
  size_t offset = call.size(1);
  size_t length = 0;
  uint8_t* source = call.bytes(2, &length);
  if (call.wrong()) return nullptr;
  if (region == nullptr) return call.result(-ENXIO);
  if (!region->has(offset, length)) return call.result(-EINVAL);
  uint8_t* bytes = static_cast<uint8_t*>(malloc(length > 0 ? length : 1));
  if (bytes == nullptr) return call.result(-ENOMEM);
  Fault fault{};
  if (kKind == Kind::kWrite && guarded_copy(bytes, source, length, &fault) < length) {
    free(bytes);
    return put_fault(call, fault);
  }
  Work* work = new Work;
  work->kind = kKind;
  work->length = length;
  work->bytes = bytes;
  if (kKind == Kind::kRead) napi_create_reference(env, call.value(2), 1, &work->bytes_reference);
  return start(call, region, offset, work);
}

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

const Function kAsyncFunctions[] = {
    {"msyncRegion", on_range<Kind::kSync>},
    {"madviseRegion", on_range<Kind::kAdvise>},
    {"readRegionAsync", copy<Kind::kRead>},
    {"writeRegionAsync", copy<Kind::kWrite>},
};
const size_t kAsyncFunctionCount = sizeof kAsyncFunctions / sizeof *kAsyncFunctions;

}  // namespace vmarea

// Reserves room in a file on one of libuv's threads: a disk may take its time.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "addon/callback.h"
#include "addon/function-tables.h"

namespace vmarea {
namespace {

struct Allocation {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  int descriptor;  // a duplicate of our own: the caller may close its own
  int64_t position;
  int64_t length;
  int error = 0;
};

void allocate(napi_env, void* data) {
  Allocation* allocation = static_cast<Allocation*>(data);
  do allocation->error = fallocate(allocation->descriptor, 0, allocation->position, allocation->length) == 0 ? 0 : -errno;
  while (allocation->error == -EINTR);
}

void answer_allocation(napi_env env, napi_status status, void* data) {
  Allocation* allocation = static_cast<Allocation*>(data);
  napi_value result;
  napi_create_double(env, status == napi_ok ? allocation->error : -ECANCELED, &result);
  napi_resolve_deferred(env, allocation->deferred, result);
  napi_delete_async_work(env, allocation->work);
  close(allocation->descriptor);
  delete allocation;
}

// A promise of 0 or a negative error number.
napi_value allocate_file_async(Call* call, int descriptor, int64_t position, int64_t length) {
  napi_env env = call->env();
  int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return call->result(-errno);
  Allocation* allocation = new Allocation;
  allocation->descriptor = own;
  allocation->position = position;
  allocation->length = length;
  napi_value promise, name;
  napi_create_string_utf8(env, "vmarea", NAPI_AUTO_LENGTH, &name);
  if (napi_create_async_work(env, nullptr, name, allocate, answer_allocation, allocation, &allocation->work) != napi_ok) {
    close(own);
    delete allocation;
    return call->result(-ENOMEM);
  }
  napi_create_promise(env, &allocation->deferred, &promise);
  napi_queue_async_work(env, allocation->work);
  return promise;
}

constexpr Function kFunctions[] = {
    {"allocateFileAsync", callback<allocate_file_async>},
};

}  // namespace

const FunctionTable kAllocateFile(kFunctions);

}  // namespace vmarea

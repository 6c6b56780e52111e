// Work on a file by one of libuv's threads: a disk may take its time.
#pragma once

#include "addon/call.h"

namespace vmarea {

struct FileJob {
  virtual ~FileJob() = default;
  // Runs on another thread. Returns 0 or a negative error number.
  virtual int run(int descriptor) = 0;

  // Of `start_file_job`.
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref kept = nullptr;
  int descriptor = -1;  // a duplicate of our own: the caller may close its own
  int error = 0;
};

// Takes the job over. Returns a promise of what `run` returns, or a negative error number. `kept` is not collected before its end.
napi_value start_file_job(Call* call, int descriptor, FileJob* job, napi_value kept = nullptr);

}  // namespace vmarea

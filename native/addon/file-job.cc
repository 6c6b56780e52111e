#include "addon/file-job.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace vmarea {
namespace {

void run_job(napi_env, void* data) {
  FileJob* job = static_cast<FileJob*>(data);
  job->error = job->run(job->descriptor);
}

void drop(napi_env env, FileJob* job) {
  if (job->work != nullptr) napi_delete_async_work(env, job->work);
  if (job->kept != nullptr) napi_delete_reference(env, job->kept);
  close(job->descriptor);
  delete job;
}

void answer_job(napi_env env, napi_status status, void* data) {
  FileJob* job = static_cast<FileJob*>(data);
  napi_value result;
  napi_create_double(env, status == napi_ok ? job->error : -ECANCELED, &result);
  napi_resolve_deferred(env, job->deferred, result);
  drop(env, job);
}

}  // namespace

napi_value start_file_job(Call* call, int descriptor, FileJob* job, napi_value kept) {
  napi_env env = call->env();
  job->descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (job->descriptor < 0) {
    int error = -errno;
    delete job;
    return call->result(error);
  }
  napi_value promise, name;
  napi_create_string_utf8(env, "vmarea", NAPI_AUTO_LENGTH, &name);
  if ((kept != nullptr && napi_create_reference(env, kept, 1, &job->kept) != napi_ok) ||
      napi_create_async_work(env, nullptr, name, run_job, answer_job, job, &job->work) != napi_ok) {
    drop(env, job);
    return call->result(-ENOMEM);
  }
  napi_create_promise(env, &job->deferred, &promise);
  napi_queue_async_work(env, job->work);
  return promise;
}

}  // namespace vmarea

// Reserves room in a file.
#include <errno.h>
#include <fcntl.h>

#include "addon/callback.h"
#include "addon/file-job.h"
#include "addon/function-tables.h"

namespace vmarea {
namespace {

struct Allocation : FileJob {
  int64_t position;
  int64_t length;

  int run(int of) override {
    int error;
    do error = fallocate(of, 0, position, length) == 0 ? 0 : -errno;
    while (error == -EINTR);
    return error;
  }
};

// A promise of 0 or a negative error number.
napi_value allocate_file_async(Call* call, int descriptor, int64_t position, int64_t length) {
  Allocation* allocation = new Allocation;
  allocation->position = position;
  allocation->length = length;
  return start_file_job(call, descriptor, allocation);
}

constexpr Function kFunctions[] = {
    {"allocateFileAsync", callback<allocate_file_async>},
};

}  // namespace

const FunctionTable kAllocateFile(kFunctions);

}  // namespace vmarea

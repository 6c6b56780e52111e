// Calls on descriptors, and queries about this process. They answer with the result, or a negative error number.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "addon/answer.h"
#include "addon/callback.h"
#include "addon/function-tables.h"
#include "page/newer-kernel.h"
#include "region/count-areas.h"

namespace vmarea {
namespace {

// The longest name of a memory file that is passed on; the kernel's own limit is lower.
struct Name {
  char text[256];
};
void take(Call& call, Name* name) { call.string(call.next(), name->text, sizeof name->text); }

int64_t memfd_create_call(Name name, int64_t flags) {
  return answer(syscall(SYS_memfd_create, name.text, static_cast<unsigned>(flags)));
}

int64_t add_seals(int descriptor, int seals) { return answer(fcntl(descriptor, F_ADD_SEALS, seals)); }
int64_t get_seals(int descriptor) { return answer(fcntl(descriptor, F_GET_SEALS)); }
int64_t get_status_flags(int descriptor) { return answer(fcntl(descriptor, F_GETFL)); }

int64_t close_descriptor(int descriptor) { return answer(close(descriptor)); }

// Makes reads of the open file non-blocking.
int64_t set_nonblocking(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  return flags < 0 ? -errno : answer(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
}

// For SEEK_DATA and SEEK_HOLE. Returns the offset.
int64_t seek_file(int descriptor, int64_t offset, int whence) { return answer(lseek(descriptor, offset, whence)); }

// Frees the file's pages, in the file and in every mapping of them.
int64_t punch_hole(int descriptor, int64_t offset, int64_t length) {
  return answer(fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length));
}

// Reads from the page cache alone. It never waits for a disk: it returns -EAGAIN instead, or fewer bytes.
int64_t read_cached(int descriptor, View<uint8_t> bytes, int64_t position) {
  struct iovec piece = {bytes.data, bytes.length};
  return answer(preadv2(descriptor, &piece, 1, position, RWF_NOWAIT));
}

// Allocates blocks of a file, which grows.
int64_t allocate_file(int descriptor, int64_t position, int64_t length) {
  return answer(fallocate(descriptor, 0, position, length));
}

// POSIX_FADV_*. Drops pages that are clean and that no process maps, with POSIX_FADV_DONTNEED.
int64_t advise_file(int descriptor, int64_t offset, int64_t length, int advice) {
  return -posix_fadvise(descriptor, offset, length, advice);
}

// The two ends are in results.
int pipe_call(ThreadState* state) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -errno;
  state->shared_results.results[0] = ends[0];
  state->shared_results.results[1] = ends[1];
  return 0;
}

// The soft limit; Infinity for none.
double getrlimit_call(int resource) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) return -errno;
  return limit.rlim_cur == RLIM_INFINITY ? __builtin_inf() : static_cast<double>(limit.rlim_cur);
}

// 1 where PR_SET_MDWE forbids that memory becomes executable.
int denies_write_execute() { return prctl(PR_GET_MDWE, 0, 0, 0, 0) > 0; }

// The kernel's number of the calling thread.
int64_t thread_id() { return syscall(SYS_gettid); }

constexpr Function kFunctions[] = {
    {"closeDescriptor", callback<close_descriptor>},
    {"memfdCreate", callback<memfd_create_call>},
    {"addSeals", callback<add_seals>},
    {"getSeals", callback<get_seals>},
    {"getStatusFlags", callback<get_status_flags>},
    {"setNonblocking", callback<set_nonblocking>},
    {"seekFile", callback<seek_file>},
    {"punchHole", callback<punch_hole>},
    {"readCached", callback<read_cached>},
    {"allocateFile", callback<allocate_file>},
    {"adviseFile", callback<advise_file>},
    {"pipe", callback<pipe_call>},
    {"deniesWriteExecute", callback<denies_write_execute>},
    {"getrlimit", callback<getrlimit_call>},
    {"countAreas", callback<count_areas>},
    {"threadId", callback<thread_id>},
};

}  // namespace

const FunctionTable kDescriptorCalls(kFunctions);

}  // namespace vmarea

// Starts the process that makes a playground's calls on the running kernel.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon/callback.h"
#include "addon/function-tables.h"
#include "play/sandbox.h"
#include "play/serve-calls.h"

namespace vmarea {
namespace {

// Returns the process number, and in results[0] the socket to the process.
int64_t play_start(ThreadState* state) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return -errno;
  pid_t child = fork();
  if (child == 0) {
    // The process ends with the thread that started it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(pair[0]);
    if (!play::enter_sandbox(pair[1])) _exit(5);
    play::serve_calls(pair[1]);
  }
  int error = errno;
  close(pair[1]);
  if (child < 0) {
    close(pair[0]);
    return -error;
  }
  fcntl(pair[0], F_SETFL, O_NONBLOCK);
  state->shared_results.results[0] = pair[0];
  return child;
}

constexpr Function kFunctions[] = {{"playStart", callback<play_start>}};

}  // namespace

const FunctionTable kPlay(kFunctions);

}  // namespace vmarea

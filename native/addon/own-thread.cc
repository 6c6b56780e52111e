#include "addon/own-thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

namespace vmarea {
namespace {

struct Start {
  const char* name;
  void* (*run)(void*);
  void* argument;
};

void* begin(void* data) {
  Start start = *static_cast<Start*>(data);
  delete static_cast<Start*>(data);
  prctl(PR_SET_NAME, start.name);
  return start.run(start.argument);
}

}  // namespace

int start_own_thread(const char* name, void* (*run)(void*), void* argument) {
  // Block all signals but faults: other threads of the process handle them.
  sigset_t all, before;
  sigfillset(&all);
  sigdelset(&all, SIGSEGV);
  sigdelset(&all, SIGBUS);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // A small stack: our calls are shallow, and there may be many threads.
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_t thread;
  Start* start = new Start{name, run, argument};
  int error = pthread_create(&thread, &attributes, begin, start);
  if (error != 0) delete start;
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return -error;
}

}  // namespace vmarea

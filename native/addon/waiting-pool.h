// Threads of our own for calls that may wait: for a disk, or for a page that a pager serves.
//
// They are not the four threads of libuv: a pager may require those to serve the very page that a call waits for.
#pragma once

namespace vmarea {

struct Job {
  Job* next = nullptr;
  void (*run)(Job*) = nullptr;
  bool endless = false;  // set by run_endless
};

// Runs the job on a thread of its own up to a limit of threads; beyond it the job waits for one of them. Returns 0, or a negative error
// number where no thread can be started.
int run_in_waiting_pool(Job* job);

// The same for a job with no end in sight: its thread does not count meanwhile, so that no other job waits for it, and there may be any number.
int run_endless(Job* job);

}  // namespace vmarea

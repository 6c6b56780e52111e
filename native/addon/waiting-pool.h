// Threads of our own for calls that may wait: for a disk, or for a page that a pager serves.
//
// They are not the four threads of libuv: a pager may require those to serve the very page that a call waits for.
#pragma once

namespace vmarea {

struct Job {
  Job* next = nullptr;
  void (*run)(Job*) = nullptr;
};

// Runs the job on a thread of its own up to a limit of threads; beyond it the job waits for one of them. Returns 0, or a negative error
// number where no thread can be started.
int run_in_waiting_pool(Job* job);

}  // namespace vmarea

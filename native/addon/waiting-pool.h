// Threads of our own for calls that may wait: for a disk, or for a page that a pager serves.
//
// They are not libuv's, of which there are four: a pager may need those itself to serve the very page that a call waits for.
#pragma once

namespace vmarea {

struct Job {
  Job* next = nullptr;
  void (*run)(Job*) = nullptr;
};

// Runs the job on a thread of its own as long as there are not very many; then it waits for one of them. Answers 0, or a negative
// error number where no thread can be had at all.
int run_in_waiting_pool(Job* job);

}  // namespace vmarea

// Threads that wait in the kernel for a page and are to end: their Worker was terminated, or the process exits.
//
// Only a thread itself can ask the engine whether it is to end. The deadline thread asks it by a signal that the fault handler takes, and sees
// the answer at a later look.
#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>

namespace vmarea::uffd {

// The handler that answers, once it is installed. Where another one stands in front of it, no thread is asked.
extern std::atomic<void (*)(int, siginfo_t*, void*)> question_handler;

// Whether the thread is to end, as far as it has answered. A signal asks the thread while it waits for a page outside of a system call. A
// thread that waits within one can't take a signal: then the main thread is asked whether the process ends. Under `mutex`.
bool is_to_end_locked(uint32_t thread);

// Whether a thread that has not ended is known to be one of them.
extern std::atomic<int> ending_threads;

// In the handler: true where the signal was a question, which is answered then.
bool answer_question(const siginfo_t* info);

// The calling thread ends: its number may be another's soon.
void forget_ending_thread();

}  // namespace vmarea::uffd

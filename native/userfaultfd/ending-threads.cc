#include "userfaultfd/ending-threads.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>

#include "addon/thread-state.h"
#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

std::atomic<void (*)(int, siginfo_t*, void*)> question_handler{nullptr};
std::atomic<int> ending_threads{0};

namespace {

constexpr int kSignal = SIGBUS;
constexpr size_t kMost = 256;  // threads that are asked at the same time

struct Question {
  uint32_t thread;  // 0: free
  std::atomic<bool> asked, ends;
};

Question questions[kMost];

Question* question_of_locked(uint32_t thread) {
  Question* free = nullptr;
  for (Question& question : questions) {
    if (question.thread == thread) return &question;
    if (question.thread == 0 && free == nullptr) free = &question;
  }
  if (free == nullptr) return nullptr;
  free->thread = thread;
  free->asked = false;
  free->ends = false;
  return free;
}

// The number of the system call that the thread sleeps in: -1 where it sleeps outside of one, which is in a fault, and -2 where that can't be seen.
long call_of(uint32_t thread) {
  char path[64], text[64];
  snprintf(path, sizeof path, "/proc/self/task/%u/syscall", thread);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -2;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return -2;
  text[length] = 0;
  return strncmp(text, "running", 7) == 0 ? -2 : strtol(text, nullptr, 10);
}

bool ask_locked(uint32_t thread) {
  Question* question = question_of_locked(thread);
  if (question == nullptr || question->ends || question->asked.exchange(true)) return question != nullptr && question->ends;
  struct sigaction now;
  siginfo_t info = {};
  info.si_signo = kSignal;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_value.sival_ptr = question;
  bool taken = sigaction(kSignal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == question_handler.load();
  if (!taken || syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, kSignal, &info) != 0) question->thread = 0;
  return false;
}

}  // namespace

bool is_to_end_locked(uint32_t thread) {
  if (thread == 0) return false;
  long call = call_of(thread);
  if (call == -1) return ask_locked(thread);
  if (call < 0) return false;
  // A main thread that ends waits for this one, which is a wait for a futex. Others that wait for one expect signals.
  uint32_t main = static_cast<uint32_t>(getpid());
  return thread != main && call_of(main) == SYS_futex && ask_locked(main);
}

bool answer_question(const siginfo_t* info) {
  if (info->si_code != SI_QUEUE || info->si_pid != getpid()) return false;
  Question* question = static_cast<Question*>(info->si_value.sival_ptr);
  std::less<const Question*> before;
  if (before(question, questions) || !before(question, questions + kMost)) return false;
  if (current_thread_state != nullptr && is_ending(current_thread_state) && !question->ends.exchange(true)) ending_threads.fetch_add(1);
  question->asked = false;
  return true;
}

void forget_ending_thread() {
  Lock lock(mutex());
  for (Question& question : questions) {
    if (question.thread != static_cast<uint32_t>(gettid())) continue;
    if (question.ends) ending_threads.fetch_sub(1);
    question.thread = 0;
  }
}

}  // namespace vmarea::uffd

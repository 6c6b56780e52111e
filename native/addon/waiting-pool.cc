#include "addon/waiting-pool.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "addon/own-thread.h"

namespace vmarea {
namespace {

constexpr size_t kMostThreads = 64;
constexpr time_t kIdleSeconds = 2;

// A thread without a job.
struct Idle {
  pthread_cond_t called;
  Job* job = nullptr;
  Idle* next = nullptr;
};

// Plain data without destructors, because threads may use it while the process exits.
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
Job* first_job = nullptr;
Job** last_job = &first_job;
Idle* idle = nullptr;  // the one that was busy last comes first, so that the others time out
size_t threads = 0;  // without those in an endless job
bool starting = false;  // a thread is being started: always so while jobs wait and more threads are allowed

class PoolLock {
 public:
  PoolLock() { pthread_mutex_lock(&mutex); }
  ~PoolLock() { pthread_mutex_unlock(&mutex); }
  PoolLock(const PoolLock&) = delete;
  PoolLock& operator=(const PoolLock&) = delete;
};

void push_locked(Job* job) {
  job->next = nullptr;
  *last_job = job;
  last_job = &job->next;
}

Job* pop_locked() {
  Job* job = first_job;
  if (job == nullptr) return nullptr;
  first_job = job->next;
  if (first_job == nullptr) last_job = &first_job;
  return job;
}

// False where another thread has taken it.
bool remove_locked(Job* job) {
  Job** link = &first_job;
  while (*link != nullptr && *link != job) link = &(*link)->next;
  if (*link == nullptr) return false;
  *link = job->next;
  if (last_job == &job->next) last_job = link;
  return true;
}

// Waits for a job for a while.
Job* wait_locked(Idle* self) {
  self->job = nullptr;
  self->next = idle;
  idle = self;
  timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += kIdleSeconds;
  while (self->job == nullptr)
    if (pthread_cond_timedwait(&self->called, &mutex, &end) != 0) break;
  if (self->job != nullptr) return self->job;
  Idle** link = &idle;
  while (*link != self) link = &(*link)->next;
  *link = self->next;
  return nullptr;
}

bool needs_thread_locked() {
  if (first_job == nullptr || starting || threads == kMostThreads) return false;
  starting = true;
  threads++;
  return true;
}

int start_thread();

// Begins with the endless job; nullptr for a thread that counts.
void* work(void* endless_job) {
  Idle self;
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&self.called, &monotonic);
  pthread_condattr_destroy(&monotonic);
  bool counted_start = endless_job == nullptr;
  for (Job* job = static_cast<Job*>(endless_job);; job = nullptr) {
    if (job == nullptr) {
      bool more;
      {
        PoolLock lock;
        if (counted_start) starting = counted_start = false;
        job = pop_locked();
        if (job == nullptr) job = wait_locked(&self);
        if (job == nullptr) {
          threads--;
          break;
        }
        more = needs_thread_locked();
      }
      // Each thread that leaves jobs in the queue starts the next one, so that the event loop starts one at most.
      if (more) start_thread();
    }
    const bool endless = job->endless;
    job->run(job);
    if (!endless) continue;
    PoolLock lock;
    if (threads == kMostThreads) break;
    threads++;
  }
  pthread_cond_destroy(&self.called);
  return nullptr;
}

int start_thread() {
  int error = start_own_thread("vmarea-wait", work, nullptr);
  if (error == 0) return 0;
  PoolLock lock;
  starting = false;
  threads--;
  return error;
}

}  // namespace

int run_endless(Job* job) {
  job->endless = true;
  {
    PoolLock lock;
    if (Idle* thread = idle) {
      idle = thread->next;
      thread->job = job;
      threads--;
      pthread_cond_signal(&thread->called);
      return 0;
    }
  }
  return start_own_thread("vmarea-wait", work, job);
}

int run_in_waiting_pool(Job* job) {
  bool more;
  {
    PoolLock lock;
    if (Idle* thread = idle) {
      idle = thread->next;
      thread->job = job;
      pthread_cond_signal(&thread->called);
      return 0;
    }
    push_locked(job);
    more = needs_thread_locked();
  }
  int error = more ? start_thread() : 0;
  if (error == 0) return 0;
  PoolLock lock;
  // A busy thread takes the job when it is done.
  return threads > 0 || !remove_locked(job) ? 0 : error;
}

}  // namespace vmarea

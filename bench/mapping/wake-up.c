// The floor of notify: a thread that sleeps on a futex in shared memory is woken by another. Prints the median of the nanoseconds from before
// the word was changed to after the waiter has come back, over so many wake-ups.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct {
  _Atomic int turn;
  char apart[60];
  _Atomic int answered;
  char apart_too[60];
  _Atomic long stamp;
} * shared;

static long rounds;
static long* samples;

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void wait_while(_Atomic int* word, int value) {
  while (atomic_load(word) == value) syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void* waiter(void* unused) {
  for (long round = 0; round < rounds; round++) {
    wait_while(&shared->turn, (int)round);
    samples[round] = now() - atomic_load(&shared->stamp);
    atomic_store(&shared->answered, (int)round + 1);
    syscall(SYS_futex, &shared->answered, FUTEX_WAKE, 1, NULL, NULL, 0);
  }
  return unused;
}

static int ascending(const void* one, const void* other) {
  long left = *(const long*)one, right = *(const long*)other;
  return (left > right) - (left < right);
}

int main(int argc, char** argv) {
  rounds = argc > 1 ? atol(argv[1]) : 2000;
  long pause = argc > 2 ? atol(argv[2]) : 200;
  samples = malloc((size_t)rounds * sizeof *samples);
  int file = memfd_create("wake-up", 0);
  if (ftruncate(file, 4096) != 0) return 1;
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, waiter, NULL);
  for (long round = 0; round < rounds; round++) {
    usleep((useconds_t)pause);
    atomic_store(&shared->stamp, now());
    atomic_store(&shared->turn, (int)round + 1);
    syscall(SYS_futex, &shared->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    wait_while(&shared->answered, (int)round);
  }
  pthread_join(thread, NULL);
  qsort(samples, (size_t)rounds, sizeof *samples, ascending);
  printf("%ld\n", samples[rounds / 2]);
}

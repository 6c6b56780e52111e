// The floor: touches the pages past the end of a file, jumps over each out of the signal handler, and prints microseconds a page.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static sigjmp_buf next;

static void jump(int signal) {
  (void)signal;
  siglongjmp(next, 1);
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  long pages = atol(argv[1]);
  int file = open(argv[2], O_RDONLY);
  volatile char* memory = mmap(NULL, pages * 4096, PROT_READ, MAP_SHARED, file, 0);
  struct sigaction action = {.sa_handler = jump, .sa_flags = SA_NODEFER};
  if (file < 0 || memory == MAP_FAILED || sigaction(SIGBUS, &action, NULL) != 0) return 1;
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (volatile long page = 1; page < pages; page++)
    if (sigsetjmp(next, 0) == 0) (void)memory[page * 4096];
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf("%f\n", ((after.tv_sec - before.tv_sec) * 1e6 + (after.tv_nsec - before.tv_nsec) / 1e3) / (pages - 1));
}

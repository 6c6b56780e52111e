// The floor: maps, touches and unmaps one anonymous page, and prints nanoseconds a round.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

int main(int argc, char** argv) {
  long rounds = argc > 1 ? atol(argv[1]) : 100000;
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (long round = 0; round < rounds; round++) {
    volatile char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = 1;
    munmap((void*)page, 4096);
  }
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf("%f\n", ((after.tv_sec - before.tv_sec) * 1e9 + (after.tv_nsec - before.tv_nsec)) / rounds);
}

// Random accesses over LLNL/umap: FILE PAGES ROUNDS ACCESSES ZIPF. Prints the accesses a second of each round, then those that were lost.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>

#include "../../support/swap/random-access.h"
#include "umap/umap.h"

int main(int, char** arguments) {
  uint64_t pages = strtoull(arguments[2], nullptr, 10), accesses = strtoull(arguments[4], nullptr, 10);
  int file = open(arguments[1], O_RDWR), rounds = atoi(arguments[3]), zipf = atoi(arguments[5]);
  void* memory = umap(nullptr, pages * PAGE_WORDS * 8, PROT_READ | PROT_WRITE, UMAP_PRIVATE, file, 0);
  if (file < 0 || memory == UMAP_FAILED) return 1;
  volatile uint64_t* words = static_cast<volatile uint64_t*>(memory);
  for (int round = 0; round < rounds; round++) printf("%f ", accesses * 1e9 / access_at_random(words, pages, accesses, zipf, round + 7));
  printf("%f\n", static_cast<double>(rounds * accesses - sum_of(words, pages)));
  fflush(stdout);
  return uunmap(memory, pages * PAGE_WORDS * 8);
}

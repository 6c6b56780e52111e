import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { patient } from '../support/patient.js'

// A program whose memory is served from here. Forks by the raw system call: the C library's fork runs handlers that wait for locks.
const source = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
struct api { uint64_t api, features, ioctls; };
struct reg { uint64_t start, length, mode, ioctls; };
static void die(const char *what) { perror(what); _exit(100); }
int main(int count, char **arguments) {
  const char *path = arguments[1], *how = arguments[2];
  (void)count;
  int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  struct api api = {0xaa, strcmp(how, "event") == 0 ? 2 : 0, 0};
  if (uffd < 0 || ioctl(uffd, 0xc018aa3f, &api) != 0) die("userfaultfd");
  long page = sysconf(_SC_PAGESIZE);
  volatile uint8_t *memory = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct reg reg = {(uintptr_t)memory, 8 * page, 1, 0};
  if (ioctl(uffd, 0xc020aa00, &reg) != 0) die("register");
  struct sockaddr_un name = {AF_UNIX, ""};
  strncpy(name.sun_path, path, sizeof name.sun_path - 1);
  int connection = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(connection, (struct sockaddr *)&name, sizeof name) != 0) die("connect");
  char text[64], control[CMSG_SPACE(2 * sizeof(int))] = {0};
  int length = snprintf(text, sizeof text, "%lu", (unsigned long)(uintptr_t)memory);
  struct iovec vector = {text, (size_t)length};
  struct msghdr message = {0};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(2 * sizeof(int));
  int descriptors[2] = {1, uffd};
  memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
  if (sendmsg(connection, &message, 0) != length) die("sendmsg");
  close(uffd);
  if (strcmp(how, "dead") == 0) _exit(0);
  int own = memory[1 * page];
  pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(memory[3 * page]);
  int status = 0;
  waitpid(child, &status, 0);
  printf("{\\"own\\":%d,\\"child\\":%d,\\"signal\\":%d}", own, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
         WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 0;
}
`

/** The compiled program. */
export class Forker {
  readonly #folder = mkdtempSync(join(tmpdir(), 'vmarea-fork-'))
  readonly socketPath = join(this.#folder, 'socket')

  constructor() {
    writeFileSync(join(this.#folder, 'forker.c'), source)
    const result = spawnSync('cc', ['-O1', '-o', join(this.#folder, 'forker'), join(this.#folder, 'forker.c')])
    if (result.status !== 0) throw new Error(String(result.stderr))
  }

  /** Runs it. Resolves with what it printed. */
  async run(how: 'event' | 'plain' | 'dead'): Promise<{ own: number; child: number; signal: number } | undefined> {
    const program = spawn(join(this.#folder, 'forker'), [this.socketPath, how], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: patient(120_000),
    })
    let text = ''
    program.stdout.on('data', (data) => {
      text += data
    })
    await new Promise((resolve) => program.once('close', resolve))
    return text === '' ? undefined : JSON.parse(text)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

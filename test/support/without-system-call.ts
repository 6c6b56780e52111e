import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const sourceOf = (number: string, errno: number) => `
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **arguments) {
  (void)count;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ${number}, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ${errno}),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {4, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("seccomp");
    return 100;
  }
  execvp(arguments[1], arguments + 1);
  perror(arguments[1]);
  return 101;
}
`

/** Compiles a command that lets a system call fail, by a seccomp filter, in what it starts. `call` is its number in C. */
export function withoutSystemCall(call: string, errno: number): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-filter-'))
  const path = join(folder, 'filter')
  writeFileSync(`${path}.c`, sourceOf(call, errno))
  const compiled = spawnSync('cc', ['-o', path, `${path}.c`])
  assert.equal(compiled.status, 0, String(compiled.stderr))
  chmodSync(folder, 0o755)
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}

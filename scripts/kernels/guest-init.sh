#!/bin/sh
# The first program of a guest. The command to run is on the kernel's command line, as base64 after run64=.
export PATH=/usr/local/bin:/usr/bin:/usr/sbin HOME=/root
mountpoint -q /proc || busybox mount -t proc proc /proc
mountpoint -q /sys || busybox mount -t sysfs sysfs /sys
mountpoint -q /dev || busybox mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm /dev/pts
busybox mount -t tmpfs tmpfs /run
busybox mount -t tmpfs tmpfs /dev/shm
busybox mount -t devpts devpts /dev/pts
busybox ifconfig lo 127.0.0.1 up
busybox hostname guest
command=$(sed -n 's/.*run64=\([^ ]*\).*/\1/p' /proc/cmdline | base64 -d)
echo "@@ started on $(uname -r)"
# A session of its own, so that no signal of the console ends the command.
setsid -w sh -c "$command" </dev/null
echo "@@ ended $?"
sync
exec busybox poweroff -f

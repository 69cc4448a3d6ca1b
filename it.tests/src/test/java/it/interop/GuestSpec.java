// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.util.List;

/**
 * What the guest is made of.
 *
 * @param kernel Debian package of a kernel, one that names such a package, or the path of one
 * @param packages Debian packages of its user space
 * @param architecture as Debian names it
 * @param suite of Debian
 */
record GuestSpec(String kernel, List<String> packages, Architecture architecture, String suite) {
  static final GuestSpec USUAL =
      new GuestSpec(
          "linux-image-amd64",
          List.of(
              "busybox-static",
              "kmod",
              "iproute2",
              "iputils-ping",
              "procps",
              "ethtool",
              "rdma-core",
              "ibverbs-utils",
              "ibverbs-providers",
              "rdmacm-utils",
              "perftest",
              "srptools",
              "sg3-utils",
              "lsscsi",
              "fio",
              "tcpdump",
              "python3-pyverbs"),
          Architecture.AMD64,
          "bookworm");

  /** A machine that QEMU has. Only the first is tried. */
  enum Architecture {
    AMD64("amd64", "qemu-system-x86_64", "pc", "ttyS0", "ttyS1"),
    ARM64("arm64", "qemu-system-aarch64", "virt", "ttyAMA0", "ttyS0");

    final String debian;
    final String qemu;
    final String machine;
    final String console;
    final String shell;

    Architecture(String debian, String qemu, String machine, String console, String shell) {
      this.debian = debian;
      this.qemu = qemu;
      this.machine = machine;
      this.console = console;
      this.shell = shell;
    }

    static Architecture of(String name) {
      for (Architecture each : values()) {
        if (each.debian.equals(name)) {
          return each;
        }
      }
      throw new IllegalArgumentException("architecture " + name + ": give amd64 or arm64");
    }
  }
}

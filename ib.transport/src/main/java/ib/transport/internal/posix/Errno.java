// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.posix;

/** Error numbers of Linux (asm-generic/errno-base.h, errno.h) that are told apart here. */
public final class Errno {
  /** Operation not permitted. */
  public static final int EPERM = 1;

  /** Interrupted by a signal. */
  public static final int EINTR = 4;

  /** Input/output error; a segmented send over a device that can't. */
  public static final int EIO = 5;

  /** Bad file descriptor. */
  public static final int EBADF = 9;

  /** Try again: would block. */
  public static final int EAGAIN = 11;

  /** Out of memory. */
  public static final int ENOMEM = 12;

  /** Permission denied. */
  public static final int EACCES = 13;

  /** Invalid argument. */
  public static final int EINVAL = 22;

  /** Too many open files in the system. */
  public static final int ENFILE = 23;

  /** Too many open files. */
  public static final int EMFILE = 24;

  /** Not a socket. */
  public static final int ENOTSOCK = 88;

  /** Message too long. */
  public static final int EMSGSIZE = 90;

  /** Address family not supported. */
  public static final int EAFNOSUPPORT = 97;

  /** Address in use. */
  public static final int EADDRINUSE = 98;

  /** Address not available. */
  public static final int EADDRNOTAVAIL = 99;

  /** Network is down. */
  public static final int ENETDOWN = 100;

  /** Network unreachable. */
  public static final int ENETUNREACH = 101;

  /** No buffer space. */
  public static final int ENOBUFS = 105;

  /** Connection refused. */
  public static final int ECONNREFUSED = 111;

  /** No route to host. */
  public static final int EHOSTUNREACH = 113;

  private Errno() {}
}

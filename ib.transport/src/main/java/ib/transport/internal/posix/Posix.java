// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.posix;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.VarHandle;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * System calls of Linux with the kernel's names. Each gives what the call gives, or the negated
 * {@code errno}; nothing is thrown and nothing is allocated.
 *
 * <p>Addresses are raw: the caller owns the memory behind them and keeps it reachable during the
 * call. An instance holds the place where {@code errno} is caught, so it serves one thread at a
 * time.
 */
public final class Posix {
  private static final Set<String> ARCHITECTURES = Set.of("amd64", "x86_64", "aarch64");
  private static final @Nullable String UNAVAILABLE = whyUnavailable();

  // Not in Natives, which can't be used where native access is denied: that is to be told, and the
  // portable way taken.
  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private final MemorySegment captured = Arena.ofAuto().allocate(CAPTURE);

  /** Whether this system has the calls. */
  public static boolean isAvailable() {
    return UNAVAILABLE == null;
  }

  /** Why {@link #isAvailable()} is false, for messages; empty when it is true. */
  public static String unavailableReason() {
    return UNAVAILABLE == null ? "" : UNAVAILABLE;
  }

  private static @Nullable String whyUnavailable() {
    String os = System.getProperty("os.name", "");
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    if (!os.equals("Linux") || !ARCHITECTURES.contains(arch)) {
      return "system calls are known for Linux on amd64 and aarch64 only, this is "
          + os
          + " on "
          + arch;
    }
    try {
      return Natives.missing();
    } catch (LinkageError | RuntimeException e) {
      return "java.lang.foreign is not usable (start Java with"
          + " --enable-native-access=ALL-UNNAMED): "
          + e;
    }
  }

  /** socket(2). */
  public int socket(int family, int type, int protocol) {
    try {
      return result((int) Natives.SOCKET.invokeExact(captured, family, type, protocol));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** bind(2). */
  public int bind(int fd, long address, int addressLength) {
    try {
      return result((int) Natives.BIND.invokeExact(captured, fd, address, addressLength));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** getsockname(2); {@code addressLength} is the address of a {@code socklen_t}. */
  public int getsockname(int fd, long address, long addressLength) {
    try {
      return result((int) Natives.GETSOCKNAME.invokeExact(captured, fd, address, addressLength));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** setsockopt(2). */
  public int setsockopt(int fd, int level, int option, long value, int valueLength) {
    try {
      return result(
          (int) Natives.SETSOCKOPT.invokeExact(captured, fd, level, option, value, valueLength));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** getsockopt(2); {@code valueLength} is the address of a {@code socklen_t}. */
  public int getsockopt(int fd, int level, int option, long value, long valueLength) {
    try {
      return result(
          (int) Natives.GETSOCKOPT.invokeExact(captured, fd, level, option, value, valueLength));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** sendmmsg(2). */
  public int sendmmsg(int fd, long messages, int count, int flags) {
    try {
      return result((int) Natives.SENDMMSG.invokeExact(captured, fd, messages, count, flags));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** recvmmsg(2) without a time-out. */
  public int recvmmsg(int fd, long messages, int count, int flags) {
    try {
      return result((int) Natives.RECVMMSG.invokeExact(captured, fd, messages, count, flags, 0L));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** ppoll(2) without a signal mask; {@code timespec} 0 waits without limit. */
  public int ppoll(long fds, long count, long timespec) {
    try {
      return result((int) Natives.PPOLL.invokeExact(captured, fds, count, timespec, 0L));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** eventfd(2). */
  public int eventfd(int initial, int flags) {
    try {
      return result((int) Natives.EVENTFD.invokeExact(captured, initial, flags));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** read(2). */
  public long read(int fd, long buffer, long length) {
    try {
      long n = (long) Natives.READ.invokeExact(captured, fd, buffer, length);
      return n >= 0 ? n : -errno();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** write(2). */
  public long write(int fd, long buffer, long length) {
    try {
      long n = (long) Natives.WRITE.invokeExact(captured, fd, buffer, length);
      return n >= 0 ? n : -errno();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** close(2). */
  public int close(int fd) {
    try {
      return result((int) Natives.CLOSE.invokeExact(captured, fd));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** The system's text for an {@code errno}, with the number. */
  public static String errorText(int errno) {
    return Natives.errorText(errno) + " (errno " + errno + ")";
  }

  private int result(int value) {
    return value >= 0 ? value : -errno();
  }

  private int errno() {
    int errno = (int) ERRNO.get(captured, 0L);
    return errno > 0 ? errno : Errno.EIO;
  }

  private static AssertionError unexpected(Throwable t) {
    if (t instanceof Error e) {
      throw e;
    }
    return new AssertionError("a system call handle threw", t);
  }
}

// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import org.jspecify.annotations.Nullable;

/**
 * Method handles of the C library. Pointers and {@code size_t} are passed as {@code long}: on
 * 64-bit systems they travel in the same registers, and no segment object is needed per call. No
 * handle is {@code critical}: a socket call may block, and a critical one would keep the JVM from
 * its safepoint.
 */
@SuppressWarnings("restricted") // to call the C library is what this class is for
final class Natives {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StringBuilder MISSING = new StringBuilder();

  static final MethodHandle SOCKET = handle("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  static final MethodHandle BIND = handle("bind", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
  static final MethodHandle GETSOCKNAME =
      handle("getsockname", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  static final MethodHandle SETSOCKOPT =
      handle("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
  static final MethodHandle GETSOCKOPT =
      handle("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  static final MethodHandle SENDMMSG =
      handle("sendmmsg", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
  static final MethodHandle RECVMMSG =
      handle("recvmmsg", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG);
  static final MethodHandle PPOLL =
      handle("ppoll", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  static final MethodHandle EVENTFD = handle("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
  static final MethodHandle READ = handle("read", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  static final MethodHandle WRITE = handle("write", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);
  private static final @Nullable MethodHandle STRERROR =
      LINKER
          .defaultLookup()
          .find("strerror")
          .map(f -> LINKER.downcallHandle(f, FunctionDescriptor.of(ADDRESS, JAVA_INT)))
          .orElse(null);

  private Natives() {}

  /** The names of functions that the C library lacks, or null if all are there. */
  static @Nullable String missing() {
    return MISSING.isEmpty() ? null : "the C library lacks" + MISSING;
  }

  static String errorText(int errno) {
    if (STRERROR == null) {
      return "error";
    }
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.equals(MemorySegment.NULL) ? "error" : text.reinterpret(256).getString(0);
    } catch (Throwable t) {
      return "error";
    }
  }

  private static MethodHandle handle(
      String name, MemoryLayout returned, MemoryLayout... arguments) {
    FunctionDescriptor type = FunctionDescriptor.of(returned, arguments);
    Linker.Option errno = Linker.Option.captureCallState("errno");
    return LINKER
        .defaultLookup()
        .find(name)
        .map(f -> LINKER.downcallHandle(f, type, errno))
        .orElseGet(() -> absent(name, type, errno));
  }

  /**
   * Stands for a function that is not there; {@link Posix#isAvailable()} says so before it can be
   * called.
   */
  private static MethodHandle absent(String name, FunctionDescriptor type, Linker.Option errno) {
    MISSING.append(' ').append(name);
    return MethodHandles.empty(LINKER.downcallHandle(type, errno).type().dropParameterTypes(0, 1));
  }
}

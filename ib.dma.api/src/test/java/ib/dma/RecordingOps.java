// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.lang.foreign.Arena;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Ops that note the name of every call, and nothing else; no default of the table runs. */
final class RecordingOps {
  private final List<String> calls = new ArrayList<>();
  private @Nullable Object[] arguments = new Object[0];
  private final IbDmaOps ops =
      (IbDmaOps)
          Proxy.newProxyInstance(
              IbDmaOps.class.getClassLoader(),
              new Class<?>[] {IbDmaOps.class},
              (proxy, method, given) -> call(method, given));

  private @Nullable Object call(Method method, @Nullable Object[] given) {
    arguments = given == null ? new Object[0] : given;
    calls.add(method.getName());
    return plain(method.getReturnType());
  }

  IbDmaOps ops() {
    return ops;
  }

  List<String> calls() {
    return calls;
  }

  /** What the latest call was made with. */
  @Nullable Object[] arguments() {
    return arguments;
  }

  /** Arguments that a call can be made with. */
  static @Nullable Object[] argumentsOf(Method method) {
    return Arrays.stream(method.getParameterTypes()).map(RecordingOps::plain).toArray();
  }

  /** Some value of a type. */
  static @Nullable Object plain(Class<?> type) {
    if (type == IbDevice.class) {
      return device();
    }
    if (type == DmaMemory.class) {
      return memory();
    }
    if (type == ScatterList.class) {
      return new ScatterList(1);
    }
    if (type == DmaCoherent.class) {
      return new DmaCoherent(memory(), 64, 8);
    }
    if (type == DmaPages.class) {
      return new DmaPages(memory(), 64, 8, DmaDirection.TO_DEVICE);
    }
    if (type == DmaIova.class) {
      return new DmaIova();
    }
    if (type == DmaPoolMisuse.class) {
      return DmaPoolMisuse.DOUBLE_FREE;
    }
    if (type == DmaMemoryPool.class) {
      return Proxy.newProxyInstance(
          IbDmaOps.class.getClassLoader(),
          new Class<?>[] {DmaMemoryPool.class},
          (proxy, method, arguments) -> plain(method.getReturnType()));
    }
    if (type == DmaDirection.class) {
      return DmaDirection.BIDIRECTIONAL;
    }
    if (type == Set.class) {
      return Set.of();
    }
    if (type == String.class) {
      return "text";
    }
    if (type == boolean.class) {
      return false;
    }
    if (type == int.class) {
      return 1;
    }
    return type == long.class ? 64L : null;
  }

  private static DmaMemory memory() {
    return DmaMemory.ofForeign(Arena.ofAuto().allocate(DmaMemoryPool.PAGE_SIZE));
  }

  static IbDevice device() {
    return new IbDevice("test0", 1, -1, 1 << 20, -1, "test");
  }
}

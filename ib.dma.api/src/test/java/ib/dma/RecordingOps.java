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
  private final IbDmaOps ops =
      (IbDmaOps)
          Proxy.newProxyInstance(
              IbDmaOps.class.getClassLoader(),
              new Class<?>[] {IbDmaOps.class},
              (proxy, method, arguments) -> call(method));

  private @Nullable Object call(Method method) {
    calls.add(method.getName());
    return plain(method.getReturnType());
  }

  IbDmaOps ops() {
    return ops;
  }

  List<String> calls() {
    return calls;
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
      return DmaMemory.ofForeign(Arena.ofAuto().allocate(DmaMemoryPool.PAGE_SIZE));
    }
    if (type == ScatterList.class) {
      return new ScatterList(1);
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

  static IbDevice device() {
    return new IbDevice("test0", 1, -1, 1 << 20, -1, "test");
  }
}

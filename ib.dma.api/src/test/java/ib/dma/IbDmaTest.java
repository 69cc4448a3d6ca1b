// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No way from a user of a device to memory but through the device's table of operations. */
class IbDmaTest {
  private static final int ATTRIBUTES = 1; // what RecordingOps gives for an int

  /** Wrappers that are made of operations with other names. */
  private static final Map<String, List<String>> COMPOSED =
      Map.of(
          "allocPages", List.of("mapSingle", "mappingError"),
          "freePages", List.of("unmapSingle"),
          "device", List.of(),
          "createPool", List.of());

  static Stream<Method> wrappers() {
    return Arrays.stream(IbDma.class.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic());
  }

  @ParameterizedTest
  @MethodSource("wrappers")
  void shouldReachTheTable(Method wrapper) throws Exception {
    RecordingOps table = new RecordingOps();
    IbDevice device = RecordingOps.device();

    wrapper.invoke(new IbDma(device, table.ops()), argumentsOf(wrapper));

    assertThat(table.calls())
        .containsExactlyElementsOf(
            COMPOSED.getOrDefault(wrapper.getName(), List.of(wrapper.getName())));
    if (!table.calls().isEmpty()) {
      assertThat(table.arguments()[0]).isSameAs(device);
    }
  }

  private static Object[] argumentsOf(Method wrapper) {
    Object[] arguments = RecordingOps.argumentsOf(wrapper);
    if (wrapper.getName().equals("createPool")) {
      arguments[3] = 0L; // no boundary
    }
    return arguments;
  }

  @ParameterizedTest
  @MethodSource("wrappers")
  void shouldPassAttributesOn(Method wrapper) throws Exception {
    RecordingOps table = new RecordingOps();
    wrapper.invoke(new IbDma(RecordingOps.device(), table.ops()), argumentsOf(wrapper));

    if (takesAttributes(wrapper)) {
      assertThat(table.arguments()[table.arguments().length - 1]).isEqualTo(ATTRIBUTES);
    } else if (hasVariantWithAttributes(wrapper)) {
      assertThat(table.arguments()[table.arguments().length - 1]).isEqualTo(DmaAttributes.NONE);
    }
  }

  /** The attributes come last, after the direction. */
  private static boolean takesAttributes(Method wrapper) {
    List<Class<?>> types = List.of(wrapper.getParameterTypes());
    return types.size() > 1
        && types.getLast() == int.class
        && types.get(types.size() - 2) == DmaDirection.class;
  }

  private static boolean hasVariantWithAttributes(Method wrapper) {
    return wrappers()
        .filter(IbDmaTest::takesAttributes)
        .anyMatch(
            other ->
                other.getName().equals(wrapper.getName())
                    && other.getParameterCount() == wrapper.getParameterCount() + 1);
  }

  /** Each operation with attributes has both wrappers. */
  @Test
  void shouldHaveAWrapperOfEachOperation() {
    List<String> names = wrappers().map(Method::getName).toList();
    List<String> ofCore =
        List.of("attach", "detach", "usage", "bus", "guarantees", "statistics", "poolMisused");

    assertThat(IbDmaOps.class.getMethods())
        .filteredOn(operation -> !ofCore.contains(operation.getName()))
        .allSatisfy(operation -> assertThat(names).contains(operation.getName()));
  }

  @Test
  void shouldTakeTheMemoryOfPoolsFromTheTable() {
    RecordingOps table = new RecordingOps();
    DmaCoherent chunk = (DmaCoherent) Objects.requireNonNull(RecordingOps.plain(DmaCoherent.class));
    IbDmaOps ops =
        new DelegatingDmaOps(table.ops()) {
          @Override
          public DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
            below.allocCoherent(device, sizeBytes);
            return chunk;
          }
        };
    IbDma dma = new IbDma(RecordingOps.device(), ops);

    DmaPool pool = dma.createPool("test", 64, 64, 0, 2);
    DmaPool.Block block = Objects.requireNonNull(pool.alloc());
    pool.free(block);
    assertThatThrownBy(() -> pool.free(block))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("test")
        .hasMessageContaining("0x" + Long.toHexString(block.dmaAddress()));
    pool.close();

    assertThat(table.calls()).containsExactly("allocCoherent", "poolMisused", "freeCoherent");
  }
}

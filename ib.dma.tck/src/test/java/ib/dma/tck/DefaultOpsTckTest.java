// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.debug.DebugInterposer;
import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.DmaMode;
import ib.core.internal.dma.DmaModes;
import ib.core.internal.dma.DmaSettings;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.DmaGuarantee;
import ib.dma.IbDevice;
import ib.dma.tck.TckResult.Outcome;
import java.util.EnumSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The shared default operations hold every rule. */
class DefaultOpsTckTest {
  private final HostMemoryPool pool = new HostMemoryPool(256L << 20);

  static Stream<IbDevice> devices() {
    return Stream.of(TckDevices.narrow(), TckDevices.bounded(), TckDevices.wide());
  }

  @ParameterizedTest
  @MethodSource("devices")
  void shouldConform(IbDevice device) {
    TckReport report = DmaTck.run(device, new DefaultDmaOps(pool), pool, TckOptions.defaults());

    assertThat(report.cases(Outcome.FAILED)).as(report.text()).isEmpty();
    assertThat(pool.usedBytes()).as("left over").isZero();
  }

  @ParameterizedTest
  @EnumSource
  void shouldConformInEveryMode(DmaMode mode) {
    DefaultDmaOps ops = new DefaultDmaOps(pool, new DmaModes(DmaSettings.of(mode)));
    TckReport report = DmaTck.run(TckDevices.wide(), ops, pool, TckOptions.defaults());

    assertThat(report.cases(Outcome.FAILED)).as(report.text()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void shouldConformUnderDebugWhichReportsMisuseOnly(DmaMode mode) {
    DefaultDmaOps ops = new DefaultDmaOps(pool, new DmaModes(DmaSettings.of(mode)));
    IbDevice device = mode == DmaMode.DIRECT ? TckDevices.wide() : TckDevices.narrow();
    // That case maps the same memory until there is no room: debug compares each with all others.
    for (TckCase test : EnumSet.complementOf(EnumSet.of(TckCase.NEVER_BLOCKS))) {
      DebugInterposer debug = new DebugInterposer(pool);
      TckOptions options = TckOptions.defaults().withSteps(500).withInterposer(debug);
      TckResult result = DmaTck.run(test, device, ops, pool, options);

      assertThat(result.outcome()).as(result.toString()).isNotEqualTo(Outcome.FAILED);
      if (!test.misuses()) {
        assertThat(debug.reports()).as(test + " in " + mode).isEmpty();
      } else if (ops.guarantees(device).size() == DmaGuarantee.values().length) {
        assertThat(debug.reports()).as(test + " in " + mode).isNotEmpty();
      }
    }
    assertThat(pool.usedBytes()).as("left over").isZero();
  }

  @Test
  void shouldTryEveryCaseOfAnOpsThatPromisesAll() {
    TckReport report =
        DmaTck.run(TckDevices.narrow(), new DefaultDmaOps(pool), pool, TckOptions.defaults());

    assertThat(report.cases(Outcome.SKIPPED)).as(report.text()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {2, 3, 4})
  void shouldConformInOtherOrders(long seed) {
    TckOptions options = TckOptions.defaults().withSeed(seed).withSteps(5000);
    DefaultDmaOps ops = new DefaultDmaOps(pool);

    for (TckCase test : new TckCase[] {TckCase.RANDOM, TckCase.CONCURRENT}) {
      TckResult result = DmaTck.run(test, TckDevices.narrow(), ops, pool, options);
      assertThat(result.outcome()).as(result.detail()).isEqualTo(Outcome.PASSED);
    }
  }

  @Test
  void shouldLeaveTheDeviceAlone() {
    IbDevice device = TckDevices.narrow();
    DefaultDmaOps ops = new DefaultDmaOps(pool);
    ops.attach(device);

    DmaTck.run(TckCase.BOOKS, device, ops, pool, TckOptions.defaults());

    assertThat(ops.usage(device).total()).isZero();
    assertThat(ops.bus(device)).isNotNull();
  }
}

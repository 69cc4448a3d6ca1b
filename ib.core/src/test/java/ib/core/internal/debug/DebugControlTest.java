// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.dma.HostMemoryPool;
import ib.dma.IbDmaInterposer;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.osgi.framework.ServiceRegistration;

/** What is watched, by configuration and by command. */
class DebugControlTest {
  private final Map<String, IbDmaInterposer> registered = new TreeMap<>();
  private final Findings findings = new Findings(_ -> {}, System::nanoTime);
  private final DebugControl control =
      new DebugControl(this::register, new HostMemoryPool(32L << 20), findings, _ -> {}, _ -> {});
  private final DebugCommand command = new DebugCommand(control);

  private ServiceRegistration<?> register(IbDmaInterposer interposer, String device) {
    assertThat(registered.put(device, interposer)).isNull();
    return (ServiceRegistration<?>)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {ServiceRegistration.class},
            (proxy, method, arguments) -> {
              assertThat(method.getName()).isEqualTo("unregister");
              registered.remove(device);
              return null;
            });
  }

  @Test
  void shouldWatchNothingUntilTold() {
    control.apply(Set.of(), DebugSettings.DEFAULT);

    assertThat(registered).isEmpty();
    assertThat(control.isOn("mthca0")).isFalse();
  }

  @Test
  void shouldFollowCommands() {
    assertThat(command.run(List.of("mthca0", "on"))).isEqualTo("DMA debug of mthca0 is on");
    assertThat(registered).containsOnlyKeys("mthca0");
    command.run(List.of("mthca0", "on"));

    assertThat(command.run(List.of("mthca0", "off"))).isEqualTo("DMA debug of mthca0 is off");
    assertThat(registered).isEmpty();
  }

  @Test
  void shouldFollowConfigurationAndBeginAnewWhenItChangesHow() {
    control.apply(Set.of("mthca0"), DebugSettings.DEFAULT);
    control.on("ehca0");
    IbDmaInterposer before = registered.get("ehca0");
    control.apply(Set.of("mthca0"), DebugSettings.DEFAULT);
    assertThat(registered.get("ehca0")).isSameAs(before);

    control.apply(Set.of(), new DebugSettings(Set.of("ib.ulp.srp"), true, false, 10, 1 << 20, 10));

    assertThat(registered).containsOnlyKeys("ehca0");
    assertThat(registered.get("ehca0")).isNotSameAs(before);
  }

  @Test
  void shouldSwitchOffByCommandWhatIsConfigured() {
    control.apply(Set.of("mthca0"), DebugSettings.DEFAULT);

    control.off("mthca0");

    assertThat(registered).isEmpty();
  }

  @Test
  void shouldSayWhyOneOfAllCannotBeSwitchedOff() {
    control.on(DebugControl.ALL);
    assertThat(control.isOn("mthca0")).isTrue();

    assertThatThrownBy(() -> control.off("mthca0")).hasMessageContaining("all devices are watched");
  }

  @Test
  void shouldRefuseCommandsAndBoundsWithoutSense() {
    assertThatThrownBy(() -> command.run(List.of("mthca0", "maybe")))
        .hasMessageStartingWith("usage");
    assertThatThrownBy(() -> new DebugSettings(Set.of(), false, true, 0, 1, 1))
        .hasMessage("mappings.max = 0 of ib.core.dma.debug; give 1 or more");
  }

  @Test
  void shouldShowReportsOfADevice() {
    Rig rig = new Rig();
    long address = rig.dma.mapSingle(rig.pool.allocate(64), 0, 64, ib.dma.DmaDirection.TO_DEVICE);
    rig.dma.unmapSingle(address, 64, ib.dma.DmaDirection.TO_DEVICE);
    findings.add(rig.findings.reports().getFirst(), DebugSettings.DEFAULT);

    assertThat(command.run(List.of("mthca0", "report")))
        .contains("is off; found 1 in all, 0 mappings not watched")
        .contains("1 x mapping error never checked")
        .contains("mthca0 by " + Rig.OWNER, "mapped at " + DebugControlTest.class.getName());
    assertThat(command.run(List.of("ehca0", "report"))).doesNotContain("never checked");
    command.run(List.of("mthca0", "clear"));
    assertThat(control.reports()).isEmpty();
  }
}

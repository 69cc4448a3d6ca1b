// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaAttributes;
import ib.dma.DmaCommand;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaStatistics;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.metrics.DmaDeviceMetrics;
import ib.verbs.DetachRecord;
import ib.verbs.DeviceInventory;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import ib.verbs.OwnerUsage;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Constants;

class CoreCommandsTest {
  private final List<DeviceStatus> devices = new ArrayList<>();
  private final List<DmaDeviceMetrics> metrics = new ArrayList<>();
  private final List<DetachRecord> detaches = new ArrayList<>();
  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final DefaultDmaOps ops = new DefaultDmaOps(pool);
  private final CoreCommands commands = new CoreCommands(new Inventory(), pool, () -> metrics);

  private final class Inventory implements DeviceInventory {
    @Override
    public List<DeviceStatus> devices() {
      return devices;
    }

    @Override
    public List<DetachRecord> detaches() {
      return detaches;
    }

    @Override
    public long detachCount() {
      return detaches.size();
    }

    @Override
    public long leftOverTotal() {
      return detaches.stream().mapToLong(DetachRecord::leftOver).sum();
    }
  }

  private static DeviceStatus status(
      String name, long generation, DeviceState state, List<OwnerUsage> owners, String... why) {
    List<String> zombies =
        state == DeviceState.ZOMBIE ? List.of("ib.core close " + name) : List.of();
    return new DeviceStatus(
        name,
        "p0",
        "ib.driver.x",
        "1.0.0",
        7,
        1,
        generation,
        state,
        !name.startsWith("ipath"),
        owners,
        zombies,
        List.of(why));
  }

  @Test
  void shouldSayWhatToDoWhenThereIsNothing() {
    assertThat(commands.devices()).contains("deploy/");
    assertThat(commands.dma()).startsWith("pool: 0 of 65536 KiB in use");
  }

  @Test
  void shouldListDevicesInColumnsWithReasonsAndZombies() {
    OwnerUsage driver = new OwnerUsage("ib.driver.x", new DmaUsage(0, 0, 4, 4), 0);
    OwnerUsage user = new OwnerUsage("ib.ulp.srp", new DmaUsage(3, 2, 0, 9), 6);
    devices.add(status("mthca0", 12, DeviceState.ACTIVE, List.of(driver, user), "promoted"));
    devices.add(status("mthca0", 0, DeviceState.FAILED, List.of(), "early", "probe failed: x"));
    devices.add(status("ipath0", 3, DeviceState.ZOMBIE, List.of()));
    detaches.add(
        new DetachRecord(
            Instant.EPOCH, "ehca0", 1, 1, "ib.ulp.bad", new DmaUsage(1, 0, 0, 5), List.of("qp 5")));
    assertThat(commands.devices().lines())
        .containsExactly(
            "device  driver             port  gen  state   ops     live mappings by owner",
            "mthca0  ib.driver.x 1.0.0  p0    12   active  shared  ib.driver.x=4, ib.ulp.srp=5 +6 verbs",
            "mthca0  ib.driver.x 1.0.0  p0    -    failed  shared",
            "    why: probe failed: x",
            "ipath0  ib.driver.x 1.0.0  p0    3    zombie  own",
            "    zombie thread: ib.core close ipath0",
            "1 detaches, left over before reclaim: 2",
            "    1970-01-01T00:00:00Z ib.ulp.bad left on ehca0:"
                + " 1 mappings, 0 sg entries, 0 coherent, 5 bytes [qp 5]");
  }

  @Test
  void shouldShowMapsFaultsAndFailuresByDevice() {
    IbDevice root = new IbDevice("mthca0", 1, 0xFFFF_FFFFL, 1 << 20, -1, "driver");
    ops.attach(root);
    ops.mapSingle(root, pool.allocate(100), 0, 100, DmaDirection.TO_DEVICE, DmaAttributes.NONE);
    ops.bus(root).resolve(4096, 1, DmaAccess.READ, new BusWindow());
    ops.allocCoherent(root, 128L << 20);
    metrics.add(new DmaDeviceMetrics("mthca0", "ib.driver.x", 1, true, ops.statistics(root)));
    DmaStatistics own = DmaStatistics.uncounted(new DmaUsage(2, 0, 0, 50));
    metrics.add(new DmaDeviceMetrics("ipath0", "ib.driver.y", 2, false, own));
    List<String> lines = commands.dma().lines().toList();
    assertThat(lines.getFirst()).isEqualTo("pool: 4 of 65536 KiB in use");
    assertThat(lines.get(1).split(" {2,}", -1))
        .containsExactly(
            "device",
            "mode",
            "live",
            "bytes",
            "peak",
            "maps",
            "unmaps",
            "syncs",
            "bounced bytes",
            "iova hits",
            "faults",
            "failed maps");
    assertThat(lines.get(2)).matches("mthca0 +iommu-strict +1 +100 .* not-mapped=1 +no-memory=1");
    assertThat(lines.get(3).split(" +", -1))
        .containsExactly("ipath0", "own", "2", "50", "-", "-", "-", "-", "-", "-", "-", "-");
  }

  @Test
  void shouldShowWhatIsCounted() {
    DmaStatistics figures =
        new DmaStatistics(
            "swiotlb",
            new DmaUsage(1, 2, 3, 4096),
            7,
            100,
            94,
            55,
            8192,
            75,
            25,
            Map.of(DmaFault.OUT_OF_BOUNDS, 2L, DmaFault.NOT_MAPPED, 1L),
            Map.of("no-address", 3L, "closed", 4L));
    metrics.add(new DmaDeviceMetrics("ehca0", "ib.driver.z", 1, true, figures));
    assertThat(commands.dma().lines().toList().getLast().replaceAll(" {2,}", "|"))
        .isEqualTo(
            "ehca0|swiotlb|6|4096|7|100|94|55|8192|75 (75%)"
                + "|not-mapped=1 out-of-bounds=2|closed=4 no-address=3");
  }

  @Test
  void shouldRunTheBestOfferOfASubCommandWithItsArguments() throws Exception {
    commands.addCommand(new Echo("old"), Map.of(DmaCommand.NAME, "echo"));
    DmaCommand better = new Echo("new");
    commands.addCommand(better, Map.of(DmaCommand.NAME, "echo", Constants.SERVICE_RANKING, 5));

    assertThat(commands.dma("echo", "a", "b")).isEqualTo("new[a, b]");

    commands.removeCommand(better);
    assertThat(commands.dma("echo")).isEqualTo("old[]");
  }

  @Test
  void shouldNameTheSubCommandsThereAreForAnUnknownOne() {
    commands.addCommand(new Echo("x"), Map.of(DmaCommand.NAME, "echo"));

    assertThatThrownBy(() -> commands.dma("eho", "a"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("ib:dma eho: no such sub-command; there are:\n  ib:dma echo WORDS - says them");
  }

  @Test
  void shouldPassOnWhatASubCommandThrows() {
    commands.addCommand(new Echo("x"), Map.of(DmaCommand.NAME, "echo"));

    assertThatThrownBy(() -> commands.dma("echo", "fail")).hasMessage("told to fail");
  }

  private record Echo(String prefix) implements DmaCommand {
    @Override
    public String usage() {
      return "WORDS - says them";
    }

    @Override
    public String run(List<String> arguments) throws Exception {
      if (arguments.contains("fail")) {
        throw new IOException("told to fail");
      }
      return prefix + arguments;
    }
  }
}

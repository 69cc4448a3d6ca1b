// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import ib.dma.debug.DmaDebug;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import ib.verbs.RdmaDevice;
import it.fixture.Addresses;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.LogDiary;
import it.fixture.Operator;
import it.fixture.Services;
import it.fixture.Settings;
import it.fixture.TestUlp;
import java.util.Map;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/**
 * Debug is switched on and off at run time, by configuration and by command, for some devices and
 * owners or all; what it keeps is bounded.
 */
@RunWith(PaxExam.class)
public class DmaDebugIT {
  private static final String PID = "ib.core.dma.debug";
  private static final String WATCHED = "mthca0";
  private static final String OTHER = "ipath0";
  private static final int BYTES = DmaMemoryPool.PAGE_SIZE;
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;

  @Inject private BundleContext context;
  private Settings settings;
  private Operator operator;
  private DmaDebug debug;
  private DmaMemory memory;
  private TestUlp ulp;
  private TestUlp onOther;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void aProtocolHasTwoDevices() throws Exception {
    settings = new Settings(context);
    operator = new Operator(context);
    debug = Services.find(context, DmaDebug.class, "(objectClass=*)");
    settings.port("p0", Addresses.of(23, 1));
    settings.device("ib.driver.mthca", WATCHED, "p0");
    settings.device("ib.driver.ipath", OTHER, "p0");
    Devices devices = new Devices(context);
    devices.active(WATCHED);
    devices.active(OTHER);
    memory = Services.find(context, DmaMemoryPool.class, "(objectClass=*)").allocate(16 * BYTES);
    ulp = TestUlp.start(context, "test.ulp.careless", WATCHED);
    onOther = TestUlp.start(context, "test.ulp.other", OTHER);
  }

  @After
  public void nothingIsMapped() {
    assertThat(memory.pinCount()).isZero();
    memory.close();
  }

  @Test
  public void shouldWatchWhatTheConfigurationNamesUntilThatIsGone() throws Exception {
    long before = ulp.device().generation();
    org.osgi.service.cm.Configuration configuration =
        settings.put(PID, Map.of("devices", new String[] {WATCHED}));
    long watched = ulp.deviceAfter(before).generation();

    misuse(ulp.device());
    misuse(onOther.device());
    assertThat(debug.isOn(WATCHED)).isTrue();
    assertThat(debug.isOn(OTHER)).isFalse();
    assertThat(debug.reports()).extracting(DmaReport::device).containsExactly(WATCHED);

    configuration.delete();
    misuse(ulp.deviceAfter(watched));
    assertThat(debug.isOn(WATCHED)).isFalse();
    assertThat(debug.total()).isEqualTo(1);
  }

  @Test
  public void shouldNameAWrongKeyAndStayAsItWas() {
    RdmaDevice watched = configured(Map.of("devices", new String[] {WATCHED}));
    try (LogDiary log = new LogDiary()) {
      settings.put(PID, Map.of("devices", new String[] {OTHER}, "mappings.max", 0));
      log.says(PID, "mappings.max = 0", "give 1 or more");
    }
    assertThat(debug.isOn(WATCHED)).isTrue();
    assertThat(debug.isOn(OTHER)).isFalse();
    assertThat(watched.isWithdrawn()).isFalse();
  }

  @Test
  public void shouldFollowTheOperator() {
    long before = ulp.device().generation();
    assertThat(operator.dma("debug", WATCHED, "on")).isEqualTo("DMA debug of mthca0 is on");
    RdmaDevice watched = ulp.deviceAfter(before);
    misuse(watched);
    assertThat(operator.dma("debug", WATCHED, "report"))
        .contains("is on; found 1 in all")
        .contains("1 x mapping error never checked")
        .contains("test.ulp.careless", "DmaDebugIT.misuse");

    assertThat(operator.dma("debug", WATCHED, "off")).isEqualTo("DMA debug of mthca0 is off");
    misuse(ulp.deviceAfter(watched.generation()));
    assertThat(debug.total()).isEqualTo(1);
    operator.dma("debug", WATCHED, "clear");
    assertThat(debug.reports()).isEmpty();
  }

  @Test
  public void shouldWatchAllDevices() {
    long before = onOther.device().generation();
    operator.dma("debug", "*", "on");

    misuse(onOther.deviceAfter(before));
    misuse(ulp.device());

    assertThat(debug.reports()).extracting(DmaReport::device).containsExactly(OTHER, WATCHED);
  }

  @Test
  public void shouldReportAllOrOnlyTheFirst() {
    RdmaDevice watched = configured(Map.of("devices", new String[] {WATCHED}));
    misuse(watched);
    misuse(watched);
    assertThat(debug.reports()).hasSize(2);
    debug.clear();

    RdmaDevice again = configured(Map.of("devices", new String[] {WATCHED}, "first.only", true));
    misuse(again);
    misuse(again);
    misuse(again);

    assertThat(debug.reports()).hasSize(1);
    assertThat(debug.count(WATCHED, DmaMisuse.ERROR_NEVER_CHECKED)).isEqualTo(3);
  }

  @Test
  public void shouldCheckOnlyTheOwnersNamed() throws Exception {
    TestUlp second = TestUlp.start(context, "test.ulp.second", WATCHED);
    RdmaDevice watched =
        configured(
            Map.of("devices", new String[] {WATCHED}, "owners", new String[] {"test.ulp.second"}));
    misuse(watched);
    misuse(second.deviceAfter(watched.generation() - 1));

    assertThat(debug.reports()).extracting(DmaReport::owner).containsExactly("test.ulp.second");
  }

  @Test
  public void shouldKeepToItsBoundsAndCountWhatItDrops() {
    RdmaDevice watched =
        configured(
            Map.of(
                "devices", new String[] {WATCHED},
                "owners", new String[] {"test.ulp.careless"},
                "mappings.max", 64,
                "shadow.max.mib", 1,
                "reports.max", 2));
    for (int i = 0; i < 5; i++) {
      misuse(watched);
    }
    assertThat(debug.reports()).hasSize(2);
    assertThat(debug.total()).isEqualTo(5);

    long droppedBefore = debug.dropped();
    long[] live = new long[80];
    for (int i = 0; i < live.length; i++) {
      live[i] = watched.dma().mapSingle(memory, 0, BYTES, TO);
      assertThat(watched.dma().mappingError(live[i])).isFalse();
    }
    assertThat(debug.dropped() - droppedBefore).isBetween(16L, 80L);
    for (long address : live) {
      watched.dma().unmapSingle(address, BYTES, TO);
    }
    assertThat(debug.total()).as("what is not watched is not misuse").isEqualTo(5);
  }

  /** The device as the protocol has it once a configuration is in force. */
  private RdmaDevice configured(Map<String, ?> keys) {
    long before = ulp.device().generation();
    settings.put(PID, keys);
    RdmaDevice watched = ulp.deviceAfter(before);
    // Debug may end with the old settings and begin with the new: two generations.
    Eventually.holds("debug is on", () -> debug.isOn(WATCHED));
    return Eventually.found(
        "a device in use", () -> ulp.device().isWithdrawn() ? null : settled(watched));
  }

  private RdmaDevice settled(RdmaDevice seen) {
    RdmaDevice now = ulp.device();
    return now.generation() >= seen.generation() ? now : null;
  }

  /** Never asks whether the map failed. */
  private void misuse(RdmaDevice device) {
    IbDma dma = device.dma();
    long address = dma.mapSingle(memory, 0, BYTES, TO);
    dma.unmapSingle(address, BYTES, TO);
  }
}

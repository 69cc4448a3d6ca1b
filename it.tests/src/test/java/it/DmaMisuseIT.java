// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaMemoryPool;
import ib.dma.debug.DmaDebug;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import it.fixture.Addresses;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.ScriptedDevice;
import it.fixture.Services;
import it.fixture.Settings;
import it.fixture.TestDriver;
import it.fixture.TestUlp;
import it.fixture.misuse.Expected;
import it.fixture.misuse.Misuses;
import it.fixture.misuse.Scene;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.inject.Inject;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/**
 * Every class of misuse, committed by a protocol's bundle on the devices of each driver: debug
 * reports it with device, bundle, address, size, direction and place, and nothing else.
 */
@RunWith(PaxExam.class)
public class DmaMisuseIT {
  private static final String NARROW = "narrow0";
  private static final int BOUNDARY = 0xFFFF;
  private static final int MAX_SEGMENT = 2 * (BOUNDARY + 1);

  @Inject private BundleContext context;
  private Devices devices;
  private DmaDebug debug;
  private DmaMemoryPool pool;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void everyDeviceIsWatched() throws Exception {
    devices = new Devices(context);
    debug = Services.find(context, DmaDebug.class, "(objectClass=*)");
    pool = Services.find(context, DmaMemoryPool.class, "(objectClass=*)");
    debug.on("*");
    Settings settings = new Settings(context);
    for (String driver : new String[] {"mthca", "ehca", "ipath"}) {
      settings.port(driver + "0", address(driver + "0").getHostAddress());
      settings.device("ib.driver." + driver, driver + "0", driver + "0");
      devices.active(driver + "0");
    }
    TestDriver driver = TestDriver.start(context, "test.driver.narrow", "1.0.0");
    driver.offer(new ScriptedDevice(NARROW, driver.name(), MAX_SEGMENT, BOUNDARY));
    devices.active(NARROW);
  }

  @Test
  public void shouldHaveAMisuseOfEachClass() {
    assertThat(DmaMisuse.values())
        .as("classes; add a method of that name to a class of it.fixture.misuse")
        .allMatch(Misuses::has);
  }

  @Test
  public void shouldReportEachClassOnMthca() throws Exception {
    reportsEachClassOn("mthca0", "ib.driver.mthca", "ipath0");
  }

  @Test
  public void shouldReportEachClassOnEhca() throws Exception {
    reportsEachClassOn("ehca0", "ib.driver.ehca", "ipath0");
  }

  @Test
  public void shouldReportEachClassOnIpath() throws Exception {
    reportsEachClassOn("ipath0", "ib.driver.ipath", "ehca0");
  }

  private void reportsEachClassOn(String device, String driver, String peer) throws Exception {
    TestUlp peerUlp = TestUlp.start(context, "test.ulp.peer", peer);
    TestUlp narrowUlp = null;
    for (DmaMisuse misuse : DmaMisuse.values()) {
      debug.clear();
      String owner = "test.ulp." + Misuses.method(misuse);
      TestUlp ulp = TestUlp.start(context, owner, device);
      narrowUlp = TestUlp.start(context, owner + ".narrow", NARROW);
      Scene scene =
          new Scene(
              ulp.bundle(),
              driver,
              new Scene.End(ulp.device(), address(device)),
              narrowUlp.device(),
              new Scene.End(peerUlp.device(), address(peer)),
              pool);
      Expected expected = Misuses.commit(misuse, scene);
      scene.end();
      narrowUlp.bundle().stop();
      isReported(misuse, expected);
    }
    debug.clear();
  }

  private void isReported(DmaMisuse misuse, Expected expected) {
    String what = misuse + " on " + expected.device();
    Eventually.holds(what + " is reported", () -> debug.count(expected.device(), misuse) > 0);
    List<DmaReport> reports = debug.reports();
    assertThat(reports.stream().map(DmaReport::misuse).collect(Collectors.toSet()))
        .as("classes reported for %s: %s", what, reports)
        .isEqualTo(union(expected.also(), misuse));
    DmaReport report = reports.stream().filter(r -> r.misuse() == misuse).findFirst().orElseThrow();
    assertThat(report.device()).as("device: %s", report).isEqualTo(expected.device());
    assertThat(report.owner()).as("owner: %s", report).startsWith(expected.owner());
    assertThat(report.dmaAddress()).as("address: %s", report).isEqualTo(expected.address());
    assertThat(report.sizeBytes()).as("size: %s", report).isEqualTo(expected.sizeBytes());
    assertThat(report.direction()).as("direction: %s", report).isEqualTo(expected.direction());
    hasPlaces(report, expected);
  }

  private static Set<DmaMisuse> union(Set<DmaMisuse> also, DmaMisuse misuse) {
    Set<DmaMisuse> all = java.util.EnumSet.of(misuse);
    all.addAll(also);
    return all;
  }

  /** The place is the method that did it; of a device's access its thread, of a detach the view. */
  private static void hasPlaces(DmaReport report, Expected expected) {
    String method = Misuses.method(report.misuse());
    if (expected.mapped()) {
      assertThat(report.mappedAt())
          .as("mapped at: %s", report)
          .contains(Scene.class.getPackageName(), method);
    } else {
      assertThat(report.mappedAt()).as("mapped at: %s", report).isEqualTo("unknown");
    }
    switch (report.misuse()) {
      case DEVICE_OUTSIDE_MAPPING, DEVICE_WRONG_DIRECTION, TWO_STEP_NOT_SYNCED ->
          assertThat(report.foundAt()).as("%s", report).startsWith("thread ");
      case LEFT_OVER ->
          assertThat(report.foundAt())
              .as("%s", report)
              .contains("detach", report.device(), report.owner());
      default ->
          assertThat(report.foundAt())
              .as("found at: %s", report)
              .contains(Scene.class.getPackageName(), method);
    }
  }

  private static InetAddress address(String device) {
    return InetAddress.ofLiteral(
        Addresses.of(21, 1 + Arrays.asList("mthca0", "ehca0", "ipath0").indexOf(device)));
  }
}

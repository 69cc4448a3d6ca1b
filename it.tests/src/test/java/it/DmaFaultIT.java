// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.verbs.DeviceState;
import it.fixture.Addresses;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.LogDiary;
import it.fixture.Settings;
import it.fixture.SrpPair;
import java.util.HashMap;
import java.util.Map;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TestName;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/**
 * DMA mappings fail on purpose under an SRP disk, at the initiator, at the target, and when drivers
 * start: I/O goes on or comes back to be tried again with the reason, no request is lost or twice,
 * no byte wrong, nothing left over; and without the fault all is as before.
 */
@RunWith(PaxExam.class)
public class DmaFaultIT {
  private static final String PID = "ib.core.dma.fault";
  private static final String INITIATOR = "hca0";
  private static final String TARGET = "hca1";
  private static final String SRP = "ib.ulp.srp";
  private static final String SRPT = "ib.ulp.srpt";

  @Rule public final TestName name = new TestName();

  @Inject private BundleContext context;
  private Settings settings;
  private Devices devices;
  private SrpPair pair;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void aDiskIsInUse() {
    settings = new Settings(context);
    devices = new Devices(context);
    pair = new SrpPair(context, Addresses.network(24));
    settings.device("ib.driver.mthca", INITIATOR, SrpPair.INITIATOR);
    settings.device("ib.driver.ipath", TARGET, SrpPair.TARGET);
    pair.begin(name.getMethodName().hashCode());
  }

  @After
  public void nothingIsLostNorLeft() throws Exception {
    pair.endsCleanly();
    assertThat(devices.untidy()).isEmpty();
    assertThat(devices.inventory().leftOverTotal()).isZero();
  }

  @Test
  public void shouldGoOnWhileEveryNthMappingFailsOnBothEnds() throws Exception {
    var fault = fails(Map.of("every", 7L));
    goesOnFor(3, "while every seventh mapping fails");
    assertThat(pair.figures().mappingFailures()).isPositive();
    fault.delete();
    pair.goesOn("without the fault");
  }

  @Test
  public void shouldGoOnWhileEverySecondMappingOfTheInitiatorFails() throws Exception {
    var fault = fails(Map.of("every", 2L, "owners", new String[] {SRP}, "after.ms", 500L));
    Eventually.holds("the initiator sees failures", () -> pair.figures().mappingFailures() > 100);
    goesOnFor(3, "while every second mapping of the initiator fails");
    fault.delete();
    pair.goesOn("without the fault");
  }

  @Test
  public void shouldGoOnWhileEverySecondMappingOfTheTargetFails() throws Exception {
    var fault = fails(Map.of("every", 2L, "owners", new String[] {SRPT}, "after.ms", 500L));
    long resent = pair.figures().resent();
    Eventually.holds("commands are sent again", () -> pair.figures().resent() > resent + 100);
    goesOnFor(3, "while every second mapping of the target fails");
    fault.delete();
    pair.goesOn("without the fault");
  }

  @Test
  public void shouldSayWhyAndTryAgainWhileNoMappingOfTheInitiatorWorks() throws Exception {
    var fault = fails(Map.of("owners", new String[] {SRP}, "after.ms", 700L));
    assertThat(pair.isToTryAgain()).contains("no room to map the data", "try again");
    fault.delete();
    pair.goesOn("with mappings again");
  }

  @Test
  public void shouldSayWhyAndTryAgainWhileNoMappingOfTheTargetWorks() throws Exception {
    var fault = fails(Map.of("owners", new String[] {SRPT}, "after.ms", 700L));
    assertThat(pair.isToTryAgain()).contains("the target's task set is full");
    fault.delete();
    pair.goesOn("with mappings again");
  }

  @Test
  public void shouldHoldIoWhileTheInitiatorsRingsCanNotBeMapped() throws Exception {
    assertLoginFails(Map.of("owners", new String[] {SRP}, "above.bytes", 8192L));
  }

  @Test
  public void shouldHoldIoWhileTheTargetsRingsCanNotBeMapped() throws Exception {
    assertLoginFails(Map.of("owners", new String[] {SRPT}, "above.bytes", 8192L));
  }

  /** Data of the load is not longer than that, rings are. */
  private void assertLoginFails(Map<String, Object> keys) throws Exception {
    long failures = pair.figures().loginFailures();
    var fault = fails(keys);
    pair.isHeld();
    Eventually.holds(
        "a login fails and is tried again", () -> pair.figures().loginFailures() >= failures + 2);
    assertThat(pair.figures().lastEvent()).contains("login");
    fault.delete();
    pair.goesOn("with rings again");
  }

  @Test
  public void shouldTellThatADriverFindsNoMemoryAndStartItOnceThereIs() throws Exception {
    try (LogDiary log = new LogDiary()) {
      var fault = fails(Map.of("ib.device", INITIATOR, "coherent", true));
      pair.isHeld();
      Eventually.passes(
          "the device says why it does not start",
          () ->
              assertThat(devices.of(INITIATOR))
                  .allSatisfy(
                      status -> {
                        assertThat(status.state()).isNotEqualTo(DeviceState.ACTIVE);
                        assertThat(status.reasons()).isNotEmpty();
                        assertThat(status.reasons().getLast()).contains("memory");
                      }));
      log.says(INITIATOR, "memory");
      fault.delete();
    }
    pair.goesOn("with coherent memory again");
  }

  @Test
  public void shouldStartADriverThatFindsMemoryOnlySometimes() throws Exception {
    for (long every : new long[] {2, 3, 5, 11}) {
      var fault = fails(Map.of("every", every, "coherent", true, "ib.device", INITIATOR));
      fault.delete();
      pair.goesOn("after every " + every + "th allocation failed");
    }
  }

  private org.osgi.service.cm.Configuration fails(Map<String, Object> keys) {
    long before = devices.active(INITIATOR).generation();
    var configuration = settings.put(PID, new HashMap<>(keys));
    Eventually.holds(
        "the device is built anew",
        () ->
            devices.of(INITIATOR).stream()
                .noneMatch(
                    status ->
                        status.state() == DeviceState.ACTIVE && status.generation() == before));
    return configuration;
  }

  private void goesOnFor(int times, String when) {
    for (int i = 0; i < times; i++) {
      pair.goesOn(when);
    }
  }
}

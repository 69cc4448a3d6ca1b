// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.debug.DmaDebug;
import it.fixture.Addresses;
import it.fixture.Devices;
import it.fixture.Operator;
import it.fixture.Services;
import it.fixture.Settings;
import it.fixture.SrpPair;
import java.util.List;
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
 * The mode of a device's DMA operations is changed, and debug switched on and off, while an SRP
 * disk on it is written and read: a new generation each time, no request lost, twice or failed,
 * every byte as written, nothing left over.
 */
@RunWith(PaxExam.class)
public class DmaModesUnderIoIT {
  private static final String INITIATOR = "hca0";
  private static final String TARGET = "hca1";
  private static final List<String> MODES =
      List.of("iommu-lazy", "direct", "swiotlb", "auto", "iommu-strict");

  @Rule public final TestName name = new TestName();

  @Inject private BundleContext context;
  private Settings settings;
  private Devices devices;
  private Operator operator;
  private SrpPair pair;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void twoPortsAreThere() {
    settings = new Settings(context);
    devices = new Devices(context);
    operator = new Operator(context);
    pair = new SrpPair(context, Addresses.network(22));
  }

  private void diskIsInUse(String driver, String otherDriver) {
    settings.device(driver, INITIATOR, SrpPair.INITIATOR);
    settings.device(otherDriver, TARGET, SrpPair.TARGET);
    pair.begin(name.getMethodName().hashCode());
  }

  @After
  public void nothingIsLostNorLeft() throws Exception {
    pair.endsWell();
    assertThat(devices.untidy()).isEmpty();
    assertThat(devices.inventory().leftOverTotal()).isZero();
    assertThat(devices.inventory().detachCount()).isPositive();
  }

  @Test
  public void shouldChangeTheModeOfTheInitiatorsDevice() {
    diskIsInUse("ib.driver.mthca", "ib.driver.ehca");
    MODES.forEach(mode -> changes(INITIATOR, mode));
  }

  @Test
  public void shouldChangeTheModeOfTheTargetsDevice() {
    diskIsInUse("ib.driver.mthca", "ib.driver.ehca");
    MODES.forEach(mode -> changes(TARGET, mode));
  }

  @Test
  public void shouldChangeTheUsualModeOfBothAtOnce() {
    diskIsInUse("ib.driver.ehca", "ib.driver.mthca");
    for (String mode : MODES) {
      pair.isBusy();
      long initiators = devices.active(INITIATOR).generation();
      long targets = devices.active(TARGET).generation();
      settings.put("ib.core", Map.of("dma.mode", mode));
      devices.activeAfter(INITIATOR, initiators);
      devices.activeAfter(TARGET, targets);
      isIn(INITIATOR, mode);
      isIn(TARGET, mode);
      pair.goesOn("in mode " + mode);
    }
  }

  @Test
  public void shouldSwitchDebugOnAndOffInEachMode() {
    diskIsInUse("ib.driver.mthca", "ib.driver.ehca");
    for (String mode : MODES) {
      changes(INITIATOR, mode);
      switches(INITIATOR, "on");
      switches(INITIATOR, "off");
    }
    switches(TARGET, "on");
    switches(TARGET, "off");
    findsNothing();
  }

  @Test
  public void shouldSwitchDebugOnAndOffOverOpsOfADriversOwn() {
    diskIsInUse("ib.driver.ipath", "ib.driver.ipath");
    switches(INITIATOR, "on");
    switches(TARGET, "on");
    switches(INITIATOR, "off");
    switches(TARGET, "off");
    findsNothing();
  }

  private void changes(String device, String mode) {
    pair.isBusy();
    long before = devices.active(device).generation();
    settings.put("ib.core.dma", device, Map.of("ib.device", device, "mode", mode));
    devices.activeAfter(device, before);
    isIn(device, mode);
    pair.goesOn(device + " in mode " + mode);
  }

  private void isIn(String device, String mode) {
    assertThat(operator.dma().lines().filter(line -> line.startsWith(device)))
        .singleElement()
        .asString()
        .contains(mode);
  }

  private void switches(String device, String to) {
    pair.isBusy();
    long before = devices.active(device).generation();
    assertThat(operator.dma("debug", device, to)).endsWith("is " + to);
    devices.activeAfter(device, before);
    pair.goesOn("with debug of " + device + " " + to);
  }

  private void findsNothing() {
    DmaDebug debug = Services.find(context, DmaDebug.class, "(objectClass=*)");
    assertThat(debug.reports()).isEmpty();
    assertThat(debug.total()).isZero();
    assertThat(debug.dropped()).isZero();
  }
}

// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import it.fixture.Bundles;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.Jars;
import it.fixture.Settings;
import it.fixture.SrpPair;
import it.fixture.TestUlp;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TestName;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;

/**
 * A driver is replaced, in every way that there is, while an SRP disk on it is written and read: no
 * request is lost, completed twice or failed, every byte is as written, every protocol binds the
 * new device, and nobody leaves anything behind.
 */
@RunWith(PaxExam.class)
public abstract class SwapUnderIo {
  private static final String DEVICE = "hca0";
  private static final String TARGET_DEVICE = "hca1";
  private static final String NEWER = "1.0.1";

  @Rule public final TestName name = new TestName();

  @Inject private BundleContext context;
  private Settings settings;
  private Devices devices;
  private SrpPair pair;
  private TestUlp ulp;
  private Bundle driver;
  private Configuration device;
  private Configuration targetDevice;
  private long before;

  /** The driver that is replaced: the one that the initiator's port has. */
  protected abstract String driver();

  /** Another one, which the target's port has. */
  protected abstract String otherDriver();

  /** First three numbers of the addresses. */
  protected abstract String network();

  @org.ops4j.pax.exam.Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void aDiskIsInUse() throws Exception {
    settings = new Settings(context);
    devices = new Devices(context);
    pair = new SrpPair(context, network());
    device = settings.device(driver(), DEVICE, SrpPair.INITIATOR);
    targetDevice = settings.device(otherDriver(), TARGET_DEVICE, SrpPair.TARGET);
    driver = Bundles.named(context, driver());
    ulp = TestUlp.start(context, "test.ulp", DEVICE);
    pair.begin(name.getMethodName().hashCode());
    before = devices.active(DEVICE).generation();
    pair.isBusy();
  }

  @After
  public void nothingIsLostNorLeft() throws Exception {
    assertThat(ulp.diary()).contains("unbind " + before);
    assertThat(ulp.device().generation()).isEqualTo(devices.active(DEVICE).generation());
    pair.endsWell();
    assertThat(devices.untidy()).isEmpty();
    assertThat(devices.inventory().leftOverTotal()).isZero();
    assertThat(devices.inventory().detachCount()).isPositive();
  }

  @Test
  public void shouldRideThroughStopAndStart() throws Exception {
    driver.stop();
    pair.isHeld();
    driver.start();
    pair.goesOn("after stop and start");
  }

  @Test
  public void shouldRideThroughAnUpdateInPlace() throws Exception {
    driver.update(Files.newInputStream(jar()));
    pair.goesOn("after an update");
  }

  @Test
  public void shouldRideThroughARefresh() throws Exception {
    driver.update(Files.newInputStream(jar()));
    Bundles.refresh(driver);
    pair.goesOn("after a refresh");
  }

  @Test
  public void shouldRideThroughUninstallAndInstall() throws Exception {
    driver.uninstall();
    pair.isHeld();
    Bundles.start(context, Files.newInputStream(jar()));
    pair.goesOn("after a new installation");
  }

  @Test
  public void shouldRideThroughTheDeletionOfTheConfiguration() throws Exception {
    device.delete();
    pair.isHeld();
    devices.gone(DEVICE);
    settings.device(driver(), DEVICE, SrpPair.INITIATOR);
    pair.goesOn("with a configuration again");
  }

  @Test
  public void shouldMoveToANewerVersionBesideTheOld() throws Exception {
    String old = devices.active(DEVICE).driverVersion();

    Bundles.start(context, Jars.restamped(jar(), NEWER));

    devices.activeOf(DEVICE, driver(), NEWER);
    devices.inState(DEVICE, driver(), old, DeviceState.SUPERSEDED);
    ulp.deviceAfter(before);
    pair.goesOn("on the newer driver");
    driver.uninstall();
    pair.goesOn("without the older driver");
    assertThat(devices.of(DEVICE)).extracting(DeviceStatus::driverVersion).containsExactly(NEWER);
  }

  @Test
  public void shouldFollowAChangeOfRankingToAnotherDriver() throws Exception {
    settings.device(otherDriver(), DEVICE, SrpPair.INITIATOR, -1);
    Eventually.holds(
        "the other driver stands by",
        () ->
            devices.of(DEVICE).stream()
                .anyMatch(
                    status ->
                        status.driver().equals(otherDriver())
                            && status.state() == DeviceState.STANDBY));
    pair.goesOn("with a standby");
    pair.isBusy();

    settings.device(otherDriver(), DEVICE, SrpPair.INITIATOR, 1);

    Eventually.holds(
        "the other driver is active", () -> devices.active(DEVICE).driver().equals(otherDriver()));
    ulp.deviceAfter(before);
    pair.goesOn("on the other driver");
  }

  @Test
  public void shouldRideThroughTheSameOnTheTargetsSide() throws Exception {
    Bundle other = Bundles.named(context, otherDriver());
    for (int i = 0; i < 3; i++) {
      pair.isBusy();
      other.stop();
      pair.isHeld();
      other.start();
      pair.goesOn("after the target's driver was away");
    }
    driver.update(Files.newInputStream(jar()));
    pair.goesOn("after the initiator's driver was away too");
  }

  @Test
  public void shouldRideThroughASwapOfBothEndsAtOnce() throws Exception {
    targetDevice.delete();
    settings.device(driver(), TARGET_DEVICE, SrpPair.TARGET);
    pair.goesOn("with one driver on both ends");
    pair.isBusy();

    driver.stop();
    pair.isHeld();
    driver.start();

    pair.goesOn("after both ends were away");
  }

  private Path jar() {
    return ContainerOptions.driverJar(driver());
  }
}

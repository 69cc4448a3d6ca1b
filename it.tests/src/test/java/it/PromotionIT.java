// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.IbDevice;
import ib.verbs.DeviceState;
import ib.verbs.RdmaException;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.ScriptedDevice;
import it.fixture.TestDriver;
import it.fixture.TestUlp;
import java.util.List;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/** Which of several candidates for a name is promoted, and what becomes of the others. */
@RunWith(PaxExam.class)
public class PromotionIT {
  private static final String DRIVER = "test.driver.hca";

  @Inject private BundleContext context;
  private Devices devices;
  private TestDriver old;
  private ScriptedDevice oldDevice;
  private TestUlp ulp;
  private long firstGeneration;

  @Configuration
  public Option[] container() {
    return ContainerOptions.core();
  }

  @Before
  public void anOldDriverServesAProtocol() throws Exception {
    devices = new Devices(context);
    old = TestDriver.start(context, DRIVER, "1.0.0");
    oldDevice = new ScriptedDevice("hca0", DRIVER);
    old.offer(oldDevice);
    ulp = TestUlp.start(context, "test.ulp", "hca0");
    firstGeneration = ulp.device().generation();
  }

  @After
  public void nothingIsLeftOver() {
    assertThat(devices.untidy()).isEmpty();
    assertThat(devices.inventory().leftOverTotal()).isZero();
  }

  @Test
  public void shouldPromoteANewerVersionAndKeepTheOldAsStandby() throws Exception {
    startNewer(new ScriptedDevice("hca0", DRIVER));

    devices.activeOf("hca0", DRIVER, "1.1.0");
    devices.inState("hca0", DRIVER, "1.0.0", DeviceState.SUPERSEDED);
    long second = ulp.deviceAfter(firstGeneration).generation();
    assertThat(ulp.diary())
        .as("the new is bound before the old is let go")
        .startsWith("bind " + firstGeneration, "bind " + second);
    Eventually.holds(
        "the standby is open", () -> oldDevice.timesOpened() == 1 + oldDevice.timesClosed());

    old.bundle().uninstall();
    assertThat(oldDevice.timesClosed()).isEqualTo(oldDevice.timesOpened());
    assertThat(devices.active("hca0").generation()).isEqualTo(second);
  }

  @Test
  public void shouldNotPromoteANewerDriverThatFailsItsProbe() throws Exception {
    startNewer(
        new ScriptedDevice("hca0", DRIVER)
            .onProbe(
                () -> {
                  throw new RdmaException("the self-test read 0xdead");
                }));

    devices.inState("hca0", DRIVER, "1.1.0", DeviceState.FAILED);
    devices.givesReason("hca0", DRIVER, "1.1.0", "the self-test read 0xdead");
    assertThat(devices.active("hca0").generation()).isEqualTo(firstGeneration);
    assertThat(ulp.diary()).containsExactly("bind " + firstGeneration);
  }

  @Test
  public void shouldNotPromoteANewerDriverThatDoesNotOpen() throws Exception {
    startNewer(
        new ScriptedDevice("hca0", DRIVER)
            .onOpen(
                () -> {
                  throw new IllegalStateException("no firmware");
                }));

    devices.inState("hca0", DRIVER, "1.1.0", DeviceState.FAILED);
    devices.givesReason("hca0", DRIVER, "1.1.0", "no firmware");
    assertThat(devices.active("hca0").generation()).isEqualTo(firstGeneration);
    assertThat(ulp.diary()).containsExactly("bind " + firstGeneration);
  }

  @Test
  public void shouldRollBackToTheStandbyWhenANewerDriverFailsLater() throws Exception {
    ScriptedDevice newDevice = new ScriptedDevice("hca0", DRIVER);
    startNewer(newDevice);
    long second = ulp.deviceAfter(firstGeneration).generation();

    newDevice.reportFatal("its firmware stopped");

    long third = ulp.deviceAfter(second).generation();
    assertThat(devices.active("hca0").driverVersion()).isEqualTo("1.0.0");
    assertThat(devices.active("hca0").generation()).isEqualTo(third);
    devices.inState("hca0", DRIVER, "1.1.0", DeviceState.FAILED);
    devices.givesReason("hca0", DRIVER, "1.1.0", "its firmware stopped");
    assertThat(ulp.device().isWithdrawn()).isFalse();
  }

  @Test
  public void shouldFollowAChangeOfRanking() throws Exception {
    TestDriver other = TestDriver.start(context, "test.driver.other", "0.1.0");
    ServiceRegistration<IbDevice> service =
        other.register(new ScriptedDevice("hca0", other.name()), -1);
    other.register(other.defaultOps(), "hca0");
    devices.inState("hca0", other.name(), "0.1.0", DeviceState.STANDBY);

    service.setProperties(TestDriver.properties("hca0", 10));

    devices.activeOf("hca0", other.name(), "0.1.0");
    long second = ulp.deviceAfter(firstGeneration).generation();

    service.setProperties(TestDriver.properties("hca0", -10));

    devices.activeOf("hca0", DRIVER, "1.0.0");
    ulp.deviceAfter(second);
  }

  @Test
  public void shouldGiveEveryPromotionAGenerationOfItsOwn() throws Exception {
    long last = firstGeneration;
    for (String version : List.of("1.1.0", "1.2.0", "1.3.0")) {
      TestDriver newer = TestDriver.start(context, DRIVER, version);
      newer.offer(new ScriptedDevice("hca0", DRIVER));
      long next = ulp.deviceAfter(last).generation();
      assertThat(next).isGreaterThan(last);
      last = next;
    }
    assertThat(devices.of("hca0")).hasSize(4);
  }

  private void startNewer(ScriptedDevice device) throws Exception {
    TestDriver.start(context, DRIVER, "1.1.0").offer(device);
  }
}

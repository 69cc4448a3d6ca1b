// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.IbDevice;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import it.fixture.BareOps;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.ScriptedDevice;
import it.fixture.TestDriver;
import it.fixture.TestUlp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.inject.Inject;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/** Core joins a device with the ops of its own bundle, in whatever order they appear. */
@RunWith(PaxExam.class)
public class PairingIT {
  /** What has to be there for a device to be offered. */
  private enum Piece {
    CORE,
    DEVICE,
    OPS
  }

  @Inject private BundleContext context;
  private Devices devices;

  @Configuration
  public Option[] container() {
    return ContainerOptions.core();
  }

  @Before
  public void setUp() {
    devices = new Devices(context);
  }

  @Test
  public void shouldOfferADeviceInWhateverOrderItsPiecesAppear() throws Exception {
    Bundle core = bundle("ib.core");
    int number = 0;
    for (List<Piece> order : orders(Arrays.asList(Piece.values()))) {
      String name = "hca" + number++;
      core.stop();
      TestDriver driver = TestDriver.start(context, "test.driver." + name, "1.0.0");
      BareOps ops = new BareOps();
      ScriptedDevice device = new ScriptedDevice(name, driver.name());

      for (Piece piece : order) {
        assertThat(ops.serves(device)).as("%s before %s of %s", name, piece, order).isFalse();
        switch (piece) {
          case CORE -> core.start();
          case DEVICE -> driver.register(device);
          case OPS -> driver.register(ops, name);
        }
      }

      assertThat(devices.active(name).driver()).as("%s", order).isEqualTo(driver.name());
      assertThat(ops.serves(device)).isTrue();
      driver.bundle().uninstall();
      devices.gone(name);
      assertThat(ops.serves(device)).as("%s after its driver left", name).isFalse();
    }
    assertThat(devices.inventory().leftOverTotal()).isZero();
  }

  @Test
  public void shouldNotJoinADeviceWithOpsOfAnotherBundle() throws Exception {
    TestDriver driver = TestDriver.start(context, "test.driver.device", "1.0.0");
    TestDriver stranger = TestDriver.start(context, "test.driver.ops", "1.0.0");
    BareOps ops = new BareOps();
    ScriptedDevice device = new ScriptedDevice("hca0", driver.name());

    stranger.register(ops, "hca0");
    driver.register(device);

    devices.inState("hca0", driver.name(), "1.0.0", DeviceState.WAITING);
    devices.givesReason("hca0", driver.name(), "1.0.0", "ops");
    BareOps own = new BareOps();
    driver.register(own, "hca0");
    devices.active("hca0");
    assertThat(own.serves(device)).isTrue();
    assertThat(ops.serves(device)).isFalse();
    assertThat(device.timesOpened()).isEqualTo(1);
  }

  @Test
  public void shouldNotJoinDifferentNames() throws Exception {
    TestDriver driver = TestDriver.start(context, "test.driver.names", "1.0.0");
    driver.register(new BareOps(), "hca1");
    ScriptedDevice device = new ScriptedDevice("hca0", driver.name());
    driver.register(device);

    devices.inState("hca0", driver.name(), "1.0.0", DeviceState.WAITING);
    assertThat(device.timesOpened()).isZero();
  }

  @Test
  public void shouldNeverOfferTheDefaultOpsAsADevice() throws Exception {
    TestDriver driver = TestDriver.start(context, "test.driver.plain", "1.0.0");
    driver.offer(new ScriptedDevice("hca0", driver.name()));

    assertThat(devices.active("hca0").sharedOps()).isTrue();
    assertThat(devices.inventory().devices()).extracting(DeviceStatus::name).containsOnly("hca0");
  }

  @Test
  public void shouldWithdrawWhenEitherPieceGoesAndOfferAnewWhenItIsBack() throws Exception {
    TestDriver driver = TestDriver.start(context, "test.driver.pieces", "1.0.0");
    BareOps ops = new BareOps();
    ScriptedDevice device = new ScriptedDevice("hca0", driver.name());
    var opsService = driver.register(ops, "hca0");
    ServiceRegistration<IbDevice> deviceService = driver.register(device);
    TestUlp ulp = TestUlp.start(context, "test.ulp.pieces", "hca0");
    long first = ulp.device().generation();

    opsService.unregister();
    assertThat(ulp.hasDevice()).as("unbound before the ops are gone").isFalse();
    assertThat(ops.serves(device)).isFalse();
    opsService = driver.register(ops, "hca0");
    long second = ulp.deviceAfter(first).generation();

    deviceService.unregister();
    assertThat(ulp.hasDevice()).as("unbound before the device is gone").isFalse();
    driver.register(new ScriptedDevice("hca0", driver.name()));
    long third = ulp.deviceAfter(second).generation();

    Eventually.passes(
        "the diary is complete",
        () ->
            assertThat(ulp.diary())
                .containsExactly(
                    "bind " + first,
                    "unbind " + first,
                    "bind " + second,
                    "unbind " + second,
                    "bind " + third));
    assertThat(device.timesClosed()).isEqualTo(device.timesOpened());
  }

  private Bundle bundle(String symbolicName) {
    return Arrays.stream(context.getBundles())
        .filter(bundle -> symbolicName.equals(bundle.getSymbolicName()))
        .findFirst()
        .orElseThrow();
  }

  private static List<List<Piece>> orders(List<Piece> pieces) {
    if (pieces.isEmpty()) {
      return List.of(List.of());
    }
    List<List<Piece>> all = new ArrayList<>();
    for (Piece first : pieces) {
      List<Piece> rest = new ArrayList<>(pieces);
      rest.remove(first);
      for (List<Piece> tail : orders(rest)) {
        List<Piece> order = new ArrayList<>(List.of(first));
        order.addAll(tail);
        all.add(order);
      }
    }
    return all;
  }
}

// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.verbs.DeviceState;
import ib.verbs.DeviceStatus;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.ScriptedDevice;
import it.fixture.Services;
import it.fixture.TestDriver;
import it.fixture.TestUlp;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/** A driver or protocol that hangs takes neither core nor another driver with it. */
@RunWith(PaxExam.class)
public class HangingDriverIT {
  /** Core gives a close 3 s, and the protocols before it 4 s. */
  private static final Duration STOP_BOUND = Duration.ofSeconds(10);

  @Inject private BundleContext context;
  private Devices devices;
  private TestDriver sound;
  private TestDriver hanging;
  private ScriptedDevice device;

  @Configuration
  public Option[] container() {
    return ContainerOptions.core();
  }

  @Before
  public void aSoundDriverIsThereToo() throws Exception {
    devices = new Devices(context);
    sound = TestDriver.start(context, "test.driver.sound", "1.0.0");
    sound.offer(new ScriptedDevice("sound0", sound.name()));
    devices.active("sound0");
    hanging = TestDriver.start(context, "test.driver.hanging", "1.0.0");
    device = new ScriptedDevice("hanging0", hanging.name());
  }

  @After
  public void letItGo() {
    device.release();
  }

  @Test
  public void shouldCallADriverAZombieWhoseCloseNeverReturns() throws Exception {
    AtomicReference<DmaCoherent> held = new AtomicReference<>();
    device.onOpen(() -> held.set(device.context().dma().allocCoherent(1)));
    device.onClose(device.hang());
    hanging.offer(device);
    devices.active("hanging0");

    long beganNs = System.nanoTime();
    hanging.bundle().stop();
    Duration took = Duration.ofNanos(System.nanoTime() - beganNs);

    assertThat(took).isLessThan(STOP_BOUND);
    DeviceStatus zombie = devices.inState("hanging0", hanging.name(), "1.0.0", DeviceState.ZOMBIE);
    assertThat(zombie.zombieThreads())
        .singleElement()
        .satisfies(name -> assertThat(threadNames()).contains(name));
    assertThat(devices.untidy())
        .as("what it held is reclaimed under its name")
        .singleElement()
        .matches(detach -> detach.owner().equals(hanging.name()));
    othersGoOn();

    device.release();
    devices.gone("hanging0");
  }

  @Test
  public void shouldServeASuccessorOfAZombie() throws Exception {
    device.onClose(device.hang());
    hanging.offer(device);
    long first = devices.active("hanging0").generation();
    hanging.bundle().uninstall();
    devices.inState("hanging0", hanging.name(), "1.0.0", DeviceState.ZOMBIE);

    TestDriver successor = TestDriver.start(context, "test.driver.hanging", "1.0.1");
    successor.offer(new ScriptedDevice("hanging0", successor.name()));

    assertThat(devices.activeOf("hanging0", successor.name(), "1.0.1").generation())
        .isGreaterThan(first);
  }

  @Test
  public void shouldNotWaitForAnOpenThatHangs() throws Exception {
    device.onOpen(device.hang());
    hanging.offer(device);
    devices.inState("hanging0", hanging.name(), "1.0.0", DeviceState.OPENING);

    othersGoOn();

    DeviceStatus zombie = devices.inState("hanging0", hanging.name(), "1.0.0", DeviceState.ZOMBIE);
    devices.givesReason("hanging0", hanging.name(), "1.0.0", "open took longer than");
    assertThat(zombie.zombieThreads()).hasSize(1);
    othersGoOn();
  }

  @Test
  public void shouldNotWaitForAProbeThatHangs() throws Exception {
    device.onProbe(device.hang());
    hanging.offer(device);

    devices.inState("hanging0", hanging.name(), "1.0.0", DeviceState.ZOMBIE);
    devices.givesReason("hanging0", hanging.name(), "1.0.0", "probe took longer than");
    othersGoOn();
  }

  @Test
  public void shouldReportADriverThatThrowsWhatIsNoRdmaException() throws Exception {
    device.onProbe(
        () -> {
          throw new AssertionError("a broken invariant");
        });
    device.onClose(
        () -> {
          throw new IllegalStateException("and a broken close");
        });
    hanging.offer(device);

    devices.inState("hanging0", hanging.name(), "1.0.0", DeviceState.FAILED);
    devices.givesReason("hanging0", hanging.name(), "1.0.0", "a broken invariant");
    othersGoOn();
  }

  @Test
  public void shouldNotWaitForAProtocolThatHangsInItsCallback() throws Exception {
    hanging.offer(device);
    DmaMemoryPool pool = Services.find(context, DmaMemoryPool.class, "(objectClass=*)");
    DmaMemory memory = pool.allocate(1);
    CountDownLatch release = new CountDownLatch(1);
    TestUlp.start(
            context,
            "test.ulp.hanging",
            "hanging0",
            bound -> bound.dma().mapSingle(memory, 0, 1, DmaDirection.FROM_DEVICE),
            unbound -> awaitUninterrupted(release))
        .device();

    long beganNs = System.nanoTime();
    hanging.bundle().stop();
    Duration took = Duration.ofNanos(System.nanoTime() - beganNs);

    assertThat(took).isLessThan(STOP_BOUND);
    assertThat(memory.pinCount()).as("what it held is reclaimed").isZero();
    assertThat(devices.untidy())
        .singleElement()
        .matches(detach -> detach.owner().equals("test.ulp.hanging"));
    assertThat(device.timesClosed()).as("the driver is closed all the same").isEqualTo(1);
    othersGoOn();
    release.countDown();
    memory.close();
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        // This protocol does not listen.
        continue;
      }
    }
  }

  /** The sound driver is replaced, and a protocol on it gets the new one. */
  private void othersGoOn() throws Exception {
    long before = devices.active("sound0").generation();
    TestUlp ulp = TestUlp.start(context, "test.ulp." + System.nanoTime(), "sound0");
    assertThat(ulp.device().generation()).isEqualTo(before);
    sound.bundle().stop();
    assertThat(ulp.hasDevice()).isFalse();
    sound.bundle().start();
    sound.offer(new ScriptedDevice("sound0", sound.name()));
    Eventually.passes(
        "the sound driver is back",
        () -> assertThat(ulp.device().generation()).isGreaterThan(before));
    ulp.bundle().uninstall();
  }

  private static List<String> threadNames() {
    return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).toList();
  }
}

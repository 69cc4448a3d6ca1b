// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.verbs.DetachRecord;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.ScriptedDevice;
import it.fixture.Services;
import it.fixture.TestDriver;
import it.fixture.TestUlp;
import java.util.concurrent.atomic.AtomicLong;
import javax.inject.Inject;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/** What a protocol leaves behind is counted under its bundle's name, and then taken back. */
@RunWith(PaxExam.class)
public class LeakIT {
  private static final int BYTES = 3 * DmaMemoryPool.PAGE_SIZE;

  @Inject private BundleContext context;
  private Devices devices;
  private DmaMemoryPool pool;
  private TestDriver driver;

  @Configuration
  public Option[] container() {
    return ContainerOptions.core();
  }

  @Before
  public void aDeviceIsThere() throws Exception {
    devices = new Devices(context);
    pool = Services.find(context, DmaMemoryPool.class, "(objectClass=*)");
    driver = TestDriver.start(context, "test.driver.hca", "1.0.0");
    driver.offer(new ScriptedDevice("hca0", driver.name()));
  }

  @Test
  public void shouldNameTheBundleThatLeavesAMappingAndReclaimIt() throws Exception {
    DmaMemory memory = pool.allocate(BYTES);
    TestUlp.start(
        context,
        "test.ulp.leaky",
        "hca0",
        device -> device.dma().mapSingle(memory, 0, BYTES, DmaDirection.BIDIRECTIONAL),
        device -> {});
    Eventually.holds("the memory is mapped", () -> memory.pinCount() == 1);

    driver.bundle().stop();

    DetachRecord leak = onlyLeak();
    assertThat(leak.owner()).isEqualTo("test.ulp.leaky");
    assertThat(leak.device()).isEqualTo("hca0");
    assertThat(leak.dma().mappings()).isEqualTo(1);
    assertThat(leak.dma().bytes()).isEqualTo(BYTES);
    assertThat(memory.pinCount()).as("reclaimed").isZero();
    memory.close();
  }

  @Test
  public void shouldNameTheBundleThatLeavesAResourceAndReclaimIt() throws Exception {
    TestUlp.start(context, "test.ulp.leaky", "hca0", device -> createCq(device), device -> {});
    Eventually.holds(
        "the queue is in the books",
        () ->
            devices.active("hca0").owners().stream()
                .anyMatch(o -> o.owner().equals("test.ulp.leaky") && o.resources() == 1));

    driver.bundle().stop();

    DetachRecord leak = onlyLeak();
    assertThat(leak.owner()).isEqualTo("test.ulp.leaky");
    assertThat(leak.resources()).singleElement().asString().startsWith("cq 0x");
  }

  @Test
  public void shouldCountAProtocolThatLeavesByItself() throws Exception {
    DmaMemory memory = pool.allocate(BYTES);
    TestUlp ulp =
        TestUlp.start(
            context,
            "test.ulp.leaver",
            "hca0",
            device -> device.dma().mapSingle(memory, 0, BYTES, DmaDirection.TO_DEVICE),
            device -> {});
    Eventually.holds("the memory is mapped", () -> memory.pinCount() == 1);

    ulp.bundle().stop();

    Eventually.passes(
        "it is counted", () -> assertThat(onlyLeak().owner()).isEqualTo("test.ulp.leaver"));
    assertThat(memory.pinCount()).isZero();
    memory.close();
    assertThat(devices.active("hca0").owners()).noneMatch(o -> o.owner().equals("test.ulp.leaver"));
  }

  @Test
  public void shouldNotBlameATidyProtocolForAnothersLeak() throws Exception {
    DmaMemory leaked = pool.allocate(BYTES);
    DmaMemory returned = pool.allocate(BYTES);
    AtomicLong address = new AtomicLong();
    TestUlp.start(
        context,
        "test.ulp.leaky",
        "hca0",
        device -> device.dma().mapSingle(leaked, 0, BYTES, DmaDirection.TO_DEVICE),
        device -> {});
    TestUlp.start(
        context,
        "test.ulp.tidy",
        "hca0",
        device -> address.set(device.dma().mapSingle(returned, 0, BYTES, DmaDirection.FROM_DEVICE)),
        device -> device.dma().unmapSingle(address.get(), BYTES, DmaDirection.FROM_DEVICE));
    Eventually.holds("both are mapped", () -> leaked.pinCount() == 1 && returned.pinCount() == 1);

    driver.bundle().stop();

    assertThat(onlyLeak().owner()).isEqualTo("test.ulp.leaky");
    assertThat(devices.inventory().detaches())
        .filteredOn(detach -> detach.owner().equals("test.ulp.tidy"))
        .singleElement()
        .matches(detach -> detach.leftOver() == 0);
    leaked.close();
    returned.close();
  }

  @Test
  public void shouldRefuseCallsOnAWithdrawnDevice() throws Exception {
    TestUlp ulp = TestUlp.start(context, "test.ulp.late", "hca0");
    RdmaDevice device = ulp.device();

    driver.bundle().stop();

    assertThat(device.isWithdrawn()).isTrue();
    assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> device.createCq(1, null)))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("hca0");
    DmaMemory memory = pool.allocate(BYTES);
    long late = device.dma().mapSingle(memory, 0, BYTES, DmaDirection.TO_DEVICE);
    assertThat(device.dma().mappingError(late)).isTrue();
    assertThat(memory.pinCount()).isZero();
    memory.close();
    assertThat(devices.inventory().leftOverTotal()).isZero();
  }

  private static void createCq(RdmaDevice device) {
    try {
      device.createCq(4, null);
    } catch (RdmaException e) {
      throw new IllegalStateException(e);
    }
  }

  private DetachRecord onlyLeak() {
    assertThat(devices.untidy()).hasSize(1);
    assertThat(devices.inventory().leftOverTotal()).isEqualTo(1);
    return devices.untidy().getFirst();
  }
}

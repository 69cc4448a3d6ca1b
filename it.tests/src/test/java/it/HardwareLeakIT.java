// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.verbs.AccessFlags;
import ib.verbs.CompletionQueue;
import ib.verbs.DetachRecord;
import ib.verbs.OwnerUsage;
import ib.verbs.ProtectionDomain;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpType;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.Services;
import it.fixture.Settings;
import it.fixture.TestUlp;
import java.util.List;
import javax.inject.Inject;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/** A protocol leaves queue pairs, regions and mappings on each of the drivers. */
@RunWith(PaxExam.class)
public class HardwareLeakIT {
  private static final String ULP = "test.ulp.leaky";
  private static final int BYTES = 5 * DmaMemoryPool.PAGE_SIZE;
  private static final int RESOURCES = 5;

  @Inject private BundleContext context;
  private Devices devices;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void aPortIsThere() {
    devices = new Devices(context);
    new Settings(context).port("p0", Addresses.of(9, 1));
  }

  @Test
  public void shouldReclaimOnMthca() throws Exception {
    reclaims("ib.driver.mthca", "mthca0");
  }

  @Test
  public void shouldReclaimOnEhca() throws Exception {
    reclaims("ib.driver.ehca", "ehca0");
  }

  @Test
  public void shouldReclaimOnIpath() throws Exception {
    reclaims("ib.driver.ipath", "ipath0");
  }

  private void reclaims(String driver, String device) throws Exception {
    new Settings(context).device(driver, device, "p0");
    DmaMemoryPool pool = Services.find(context, DmaMemoryPool.class, "(objectClass=*)");
    DmaMemory memory = pool.allocate(BYTES);
    TestUlp ulp = TestUlp.start(context, ULP, device, bound -> leak(bound, memory), unbound -> {});
    long first = ulp.device().generation();
    Eventually.passes(
        "everything is in the books",
        () ->
            assertThat(devices.active(device).owners())
                .filteredOn(owner -> owner.owner().equals(ULP))
                .extracting(OwnerUsage::resources)
                .containsExactly(RESOURCES));

    Bundles.named(context, driver).stop();

    assertThat(devices.untidy()).extracting(DetachRecord::owner).containsExactly(ULP);
    DetachRecord leak = devices.untidy().getFirst();
    assertThat(kinds(leak)).containsExactlyInAnyOrder("pd", "mr", "mr", "cq", "qp");
    assertThat(leak.dma().mappings()).isEqualTo(1);
    assertThat(memory.pinCount()).as("the mapping is reclaimed").isZero();

    Bundles.named(context, driver).start();
    assertThat(ulp.deviceAfter(first).query().portName()).isEqualTo("p0");
    memory.close();
  }

  private static List<String> kinds(DetachRecord leak) {
    return leak.resources().stream().map(label -> label.substring(0, 2)).toList();
  }

  private static void leak(RdmaDevice device, DmaMemory memory) {
    try {
      ProtectionDomain pd = device.allocPd();
      CompletionQueue cq = device.createCq(8, null);
      pd.getDmaMr(AccessFlags.LOCAL_WRITE);
      pd.allocMr(4);
      pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, 4, 4, 1, 1));
      device.dma().mapSingle(memory, 0, BYTES, DmaDirection.BIDIRECTIONAL);
    } catch (RdmaException e) {
      throw new IllegalStateException(e);
    }
  }
}
